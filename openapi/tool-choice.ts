import { z } from "@hono/zod-openapi";
import { Text } from "./workload.ts";

/** A name that every model provider takes. */
export const ToolAlias = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,60}$/, "A tool's name here has at most 60 letters, digits, underscores and dashes.");

/** A tool as its server names it, and what callers are to see instead. */
export const ToolChoice = z
  .object({
    tool: Text.min(1)
      .max(256)
      .openapi({ description: "The tool's own name; `*` for all of them", example: "forecast" }),
    as: ToolAlias.optional().openapi({ description: "The name to show", example: "weather_forecast" }),
    description: Text.min(1)
      .max(4096)
      .optional()
      .openapi({ description: "The description to show", example: "The weather of the next five days" }),
  })
  .refine(({ tool, as, description }) => tool !== "*" || (!as && !description), {
    message: "`*` stands for many tools: it cannot be renamed or described.",
  })
  .openapi("ToolChoice");
export type ToolChoice = z.infer<typeof ToolChoice>;
