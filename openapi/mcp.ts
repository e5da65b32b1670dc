import { createRoute, z } from "@hono/zod-openapi";
import { nameParam } from "./resource-route.ts";

const tags = ["mcp"];
const params = nameParam("adapter", "weather");

/** JSON-RPC 2.0 error; `id` is null when the gateway itself answers. */
export const JsonRpcError = z
  .object({
    jsonrpc: z.literal("2.0"),
    error: z.object({
      code: z.int().openapi({ example: -32001 }),
      message: z.string().openapi({ example: "Session not found" }),
    }),
    id: z.null(),
  })
  .openapi("JsonRpcError");

const JsonRpcMessage = z.looseObject({ jsonrpc: z.literal("2.0") }).openapi("JsonRpcMessage", {
  description: "One JSON-RPC message (revision 2025-03-26 also allows an array of them)",
});

const headers = z.object({
  "mcp-session-id": z.string().optional().openapi({
    description: "As the gateway gave it in the answer to `initialize`; opaque, bound to adapter and principal",
  }),
  "mcp-protocol-version": z
    .string()
    .optional()
    .openapi({ description: "The negotiated revision", example: "2025-11-25" }),
});

const failed = (description: string) => ({ description, content: { "application/json": { schema: JsonRpcError } } });
const failures = {
  401: failed("No valid identity"),
  403: failed("The principal may not use this adapter, or Host or Origin are not allowed"),
  404: failed("No such adapter, or an MCP session that is over: initialize again"),
  429: failed("Over a limit; the message says which, and Retry-After when to come back"),
  502: failed("The replica broke off before it answered"),
  503: failed("No replica is ready; try again after Retry-After seconds"),
};
const passed = "Whatever the MCP server answers, untouched";
const stream = { "text/event-stream": { schema: z.string().openapi({ description: "Server-sent events" }) } };

export const postMessage = createRoute({
  method: "post",
  path: "/adapters/{name}/mcp",
  operationId: "postMessage",
  summary: "Send an MCP message",
  description:
    "Streamable HTTP. A new session goes to a replica by rendezvous hash and stays there; requests without a session follow the adapter's `affinity`.",
  tags,
  request: { params, headers, body: { required: true, content: { "application/json": { schema: JsonRpcMessage } } } },
  responses: {
    200: { description: passed, content: { "application/json": { schema: JsonRpcMessage }, ...stream } },
    202: { description: "A notification or response was taken" },
    400: failed("The body is not JSON"),
    ...failures,
    413: failed("The body is larger than the gateway takes"),
  },
});

export const openStream = createRoute({
  method: "get",
  path: "/adapters/{name}/mcp",
  operationId: "openStream",
  summary: "Open the session's event stream",
  description: "`Last-Event-ID` resumes on the same replica. The gateway never cuts an idle stream.",
  tags,
  request: {
    params,
    headers: headers.extend({
      "last-event-id": z.string().optional().openapi({ description: "Resume after this event" }),
    }),
  },
  responses: { 200: { description: passed, content: stream }, ...failures },
});

export const endSession = createRoute({
  method: "delete",
  path: "/adapters/{name}/mcp",
  operationId: "endSession",
  summary: "End the MCP session",
  tags,
  request: { params, headers },
  responses: { 200: { description: passed }, 204: { description: passed }, ...failures },
});

const routed = {
  200: { description: "The answer", content: { "application/json": { schema: JsonRpcMessage }, ...stream } },
  202: { description: "A notification was taken" },
  400: failed("The body is not JSON, or not what its revision asks for"),
  401: failures[401],
  403: failed("Host or Origin are not allowed, or the principal may not use this virtual server"),
  404: failed("No such virtual server, or (revision 2026-07-28) no such method"),
  405: failed("Only POST: there are no sessions"),
  413: failed("The body is larger than the gateway takes"),
  429: failures[429],
};
const routedBody = { required: true, content: { "application/json": { schema: JsonRpcMessage } } };
const revision = headers.pick({ "mcp-protocol-version": true });

export const postRouterMessage = createRoute({
  method: "post",
  path: "/mcp",
  operationId: "postRouterMessage",
  summary: "Send a message to the tool router",
  description:
    "One MCP server for every tool that the caller may use: those of /tools, and of adapters with `exposeTools`. Without sessions in every revision, so any gateway answers any request.",
  tags,
  request: { headers: revision, body: routedBody },
  responses: routed,
});

export const postServerMessage = createRoute({
  method: "post",
  path: "/servers/{name}/mcp",
  operationId: "postServerMessage",
  summary: "Send a message to a virtual server",
  description: "The tool router, narrowed to what the virtual server selects.",
  tags,
  request: { params: nameParam("virtual server", "support"), headers: revision, body: routedBody },
  responses: routed,
});
