import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "./problem.ts";
import {
  createdAnswer,
  ifMatch,
  jsonAnswer,
  jsonBody,
  listAnswer,
  listQuery,
  nameParam,
  resourceAnswer,
} from "./resource-route.ts";
import {
  logsQuery,
  provenance,
  ResourceName,
  Text,
  workloadData,
  workloadResource,
  WorkloadStatus,
} from "./workload.ts";

const JsonSchema = z.looseObject({ type: z.literal("object") }).openapi({
  description: "JSON Schema (2020-12, or draft-07 where `$schema` says so); patterns in RE2's syntax",
  example: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
});
const path = z
  .string()
  .max(1024)
  .regex(
    /^\/[a-zA-Z0-9/_\-.]*$/,
    "Path must start with '/' and contain only alphanumeric characters, slashes, dashes, underscores, and dots.",
  );
const port = z.int().min(1, "Port must be between 1 and 65535.").max(65_535, "Port must be between 1 and 65535.");

/** What a tool's definition may take as JSON: a longer one would be left out of every list. */
export const maxToolBytes = 256 * 1024;

/** An MCP tool (revision 2026-07-28, server/tools), and how its program wants to be asked. */
export const McpTool = z
  .object({
    name: z.string().openapi({ description: "Equal to the resource's name", example: "weather-tool" }),
    title: Text.max(256).optional().openapi({ example: "Weather" }),
    description: Text.max(16_384).optional().openapi({ example: "The weather in a city" }),
    inputSchema: JsonSchema,
    outputSchema: JsonSchema.optional(),
    annotations: z
      .object({
        title: Text.max(256).optional(),
        readOnlyHint: z.boolean().optional(),
        destructiveHint: z.boolean().optional(),
        idempotentHint: z.boolean().optional(),
        openWorldHint: z.boolean().optional(),
      })
      .optional()
      .openapi({ example: { readOnlyHint: true } }),
    icons: z
      .array(z.looseObject({ src: Text.max(65_536) }))
      .max(16)
      .optional(),
    _meta: z.record(z.string(), z.unknown()).optional(),
    type: z.enum(["http", "function"]).optional().openapi({
      description: "`http`: asked as `properties` say; `function`, the default: POST to `path`",
      example: "http",
    }),
    properties: z
      .object({
        method: z
          .enum(["GET", "POST", "PUT", "PATCH", "DELETE"])
          .optional()
          .openapi({ description: "GET and DELETE get the arguments as query, others as JSON body", example: "GET" }),
        path: path.optional().openapi({ description: "Instead of the definition's `path`", example: "/forecast" }),
      })
      .optional(),
  })
  .refine((tool) => new TextEncoder().encode(JSON.stringify(tool)).length <= maxToolBytes, {
    message: `A tool's definition may have ${maxToolBytes} bytes.`,
  })
  .openapi("McpTool");
export type McpTool = z.infer<typeof McpTool>;

export const ToolDefinition = z
  .object({
    tool: McpTool,
    port: port.default(8000).openapi({ description: "Where the program listens in its container", example: 8000 }),
    path: path.default("/score").openapi({ example: "/score" }),
  })
  .openapi("ToolDefinition");
export type ToolDefinition = z.infer<typeof ToolDefinition>;

export const ToolData = z
  .object({
    name: ResourceName.openapi({ description: "Unique name, also among adapters", example: "weather-tool" }),
    ...workloadData,
    toolDefinition: ToolDefinition,
  })
  .refine(({ name, toolDefinition }) => name === toolDefinition.tool.name, {
    path: ["toolDefinition", "tool", "name"],
    message: "The tool's name must equal the resource's name.",
  })
  .openapi("ToolData");
export type ToolData = z.infer<typeof ToolData>;

export const ToolResource = z
  .object({
    id: z.string().openapi({ description: "Equal to the name", example: "weather-tool" }),
    name: z.string().openapi({ example: "weather-tool" }),
    ...workloadResource,
    toolDefinition: ToolDefinition,
    ...provenance,
  })
  .openapi("ToolResource");
export type ToolResource = z.infer<typeof ToolResource>;

export const ToolStatus = WorkloadStatus.openapi("ToolStatus");

const tags = ["tools"];
const params = nameParam("tool", "weather-tool");

export const createTool = createRoute({
  method: "post",
  path: "/tools",
  operationId: "createTool",
  summary: "Deploy a tool",
  description: "Registers one tool and starts its program. Who may read it finds it in the tool router at /mcp.",
  tags,
  request: { body: jsonBody(ToolData) },
  responses: {
    201: createdAnswer(ToolResource, "Registered; replicas are starting"),
    ...problems(400, 401, 403, 409, 413, 415, 422, 503),
  },
});

export const listTools = createRoute({
  method: "get",
  path: "/tools",
  operationId: "listTools",
  summary: "List tools",
  description: "Those the caller may read, by name.",
  tags,
  request: { query: listQuery },
  responses: { 200: listAnswer(ToolResource, "Readable tools"), ...problems(400, 401, 403, 503) },
});

export const getTool = createRoute({
  method: "get",
  path: "/tools/{name}",
  operationId: "getTool",
  summary: "Read a tool",
  tags,
  request: { params },
  responses: { 200: resourceAnswer(ToolResource, "The tool"), ...problems(401, 403, 404, 503) },
});

export const updateTool = createRoute({
  method: "put",
  path: "/tools/{name}",
  operationId: "updateTool",
  summary: "Update or scale a tool",
  description: "Replaces every field. A change of the definition alone restarts no replica.",
  tags,
  request: { params, headers: ifMatch, body: jsonBody(ToolData) },
  responses: {
    200: resourceAnswer(ToolResource, "Stored; replicas follow"),
    ...problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 503),
  },
});

export const deleteTool = createRoute({
  method: "delete",
  path: "/tools/{name}",
  operationId: "deleteTool",
  summary: "Delete a tool",
  tags,
  request: { params, headers: ifMatch },
  responses: { 204: { description: "Deleted" }, ...problems(401, 403, 404, 409, 412, 503) },
});

export const getToolStatus = createRoute({
  method: "get",
  path: "/tools/{name}/status",
  operationId: "getToolStatus",
  summary: "Replica status of a tool",
  tags,
  request: { params },
  responses: { 200: jsonAnswer(ToolStatus, "How its replicas are"), ...problems(401, 403, 404, 503) },
});

export const getToolLogs = createRoute({
  method: "get",
  path: "/tools/{name}/logs",
  operationId: "getToolLogs",
  summary: "Replica logs of a tool",
  description: "As of an adapter.",
  tags,
  request: { params, query: logsQuery },
  responses: {
    200: { description: "Log lines", content: { "text/plain": { schema: z.string() } } },
    ...problems(400, 401, 403, 404, 503),
  },
});
