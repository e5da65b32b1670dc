import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "./problem.ts";

const Action = z.enum(["create", "update", "delete", "call"]).openapi({
  description: "A write of a resource, or `call`: one tool call",
  example: "call",
});
const Outcome = z.enum(["ok", "error", "refused"]).openapi({
  description:
    "`ok`: done, or answered by the MCP server with 2xx (what a tool says inside its answer is not read); `error`: the server or the way to it failed; `refused`: the gateway said no",
  example: "ok",
});
/** What a page has at most. */
export const maxAuditPage = 500;

export const AuditEntry = z
  .object({
    id: z.string().openapi({ description: "Unique; opaque", example: "1042" }),
    at: z.iso.datetime().openapi({ example: "2026-11-23T09:00:00.000Z" }),
    actor: z.string().openapi({ description: "Id of the principal", example: "alice" }),
    action: Action,
    kind: z.string().openapi({ description: "Kind of the resource", example: "adapter" }),
    name: z.string().openapi({ description: "The resource; of a call, whose tool it is", example: "weather" }),
    uid: z.string().openapi({
      description: "Tells a recreated resource from the former of its name",
      example: "5b0f6c9e-3a51-4c0e-9d6a-0d4f6f3f8b11",
    }),
    revision: z.int().nullable().openapi({ description: "What a write made; null for a call", example: null }),
    requestId: z.string().openapi({ description: "As in the log and in X-Request-Id", example: "0b5c7f0e6f1f-2a" }),
    outcome: Outcome,
    tool: z.string().nullable().openapi({ description: "Null for a write, like all that follow", example: "forecast" }),
    session: z.string().nullable().openapi({
      description: "A short hash of the MCP session's id, the same throughout the session; null without one",
      example: "9f86d081884c7d65",
    }),
    status: z.int().nullable().openapi({ description: "HTTP status of the answer", example: 200 }),
    durationMs: z.int().nullable().openapi({ description: "Milliseconds until the answer began", example: 42 }),
    argumentsHash: z.string().nullable().openapi({
      description: "SHA-256, in hex, of the arguments as canonical JSON (RFC 8785); null where they nest too deep",
      example: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }),
    arguments: z.string().nullable().openapi({
      description: "That canonical JSON, where AUDIT_ARGUMENTS=full and it is not too long",
      example: null,
    }),
  })
  .openapi("AuditEntry");
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditPage = z
  .object({
    entries: z.array(AuditEntry).openapi({ description: "Newest first" }),
    next: z.string().nullable().openapi({
      description: "The `cursor` of the next, older page; null at the end",
      example: "MTc5NTQyNDQwMDAwMC4xMDQy",
    }),
  })
  .openapi("AuditPage");
export type AuditPage = z.infer<typeof AuditPage>;

/** What a database can compare with: no NUL, no half of a surrogate pair. */
const Text = z
  .string()
  .min(1)
  .max(512)
  .refine((text) => text.isWellFormed() && !text.includes("\u0000"), "Must be text without NUL.");
/** In UTC it must have a year of four digits, or a database would not read what JavaScript writes. */
const Time = z.iso
  .datetime({ offset: true, abort: true })
  .refine((text) => Date.parse(text) >= 0 && Date.parse(text) < Date.UTC(10_000), "Must be between 1970 and 9999.");

export const AuditQuery = z.object({
  actor: Text.optional().openapi({ description: "Id of the principal", example: "alice" }),
  action: Action.optional(),
  kind: z.enum(["adapter", "tool", "server"]).optional().openapi({
    description: "Kind of the resource: an adapter and a virtual server may have the same name",
    example: "adapter",
  }),
  name: Text.optional().openapi({ description: "The resource", example: "weather" }),
  tool: Text.optional().openapi({ description: "The tool", example: "forecast" }),
  outcome: Outcome.optional(),
  since: Time.optional().openapi({ description: "At this time or later", example: "2026-11-22T00:00:00Z" }),
  until: Time.optional().openapi({ description: "Before this time", example: "2026-11-23T00:00:00Z" }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(maxAuditPage)
    .default(100)
    .openapi({ description: "Entries at most", example: 100 }),
  cursor: Text.optional().openapi({
    description:
      "`next` of the page before, with the same filters; what happens meanwhile moves no entry to another page",
    example: "MTc5NTQyNDQwMDAwMC4xMDQy",
  }),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

export const listAudit = createRoute({
  method: "get",
  path: "/audit",
  operationId: "listAudit",
  summary: "Who did what",
  description:
    "Every write of a resource and every tool call, newest first, for admins. A tool call shows up about a second after it was answered. Entries older than AUDIT_RETENTION_DAYS are gone.",
  tags: ["audit"],
  request: { query: AuditQuery },
  responses: {
    200: { description: "One page", content: { "application/json": { schema: AuditPage } } },
    ...problems(400, 401, 403, 503),
  },
});
