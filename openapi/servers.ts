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
import { ToolChoice } from "./tool-choice.ts";
import { provenance, ResourceName, shared } from "./workload.ts";

/** The tools that a virtual server with tool search has of its own. */
export const searchToolNames = ["search_tools", "describe_tool", "call_tool"] as const;

/** A tool of an adapter, or, without `adapter`, a tool resource. */
const ServerTool = z
  .intersection(
    z.object({
      adapter: ResourceName.optional().openapi({
        description: "Whose tool; none for one of /tools",
        example: "weather",
      }),
    }),
    ToolChoice,
  )
  .openapi("ServerTool");
export type ServerTool = z.infer<typeof ServerTool>;

const tools = z.array(ServerTool).max(1000);
const toolSearch = z.boolean().openapi({
  description: `List only ${searchToolNames.join(", ")}, by which a model finds and calls the others: for selections too large for its context`,
  example: false,
});
const toolsExample = [
  { tool: "weather-tool" },
  { adapter: "github", tool: "create_issue", as: "open_ticket", description: "Open a ticket" },
];

/** A virtual MCP server: a named selection of tools for those who hold one of its roles. */
export const ServerData = z
  .object({
    name: ResourceName.openapi({
      description: "Unique name; also its path segment under /servers/",
      example: "support",
    }),
    ...shared,
    tools: tools.openapi({
      description: "In this order. A caller sees those that it may use at their origin too.",
      example: toolsExample,
    }),
    toolSearch: toolSearch.default(false),
  })
  .refine(({ tools }) => hasNoTwice(tools), { path: ["tools"], message: "Two tools have the same `as`." })
  .refine(({ tools, toolSearch }) => !toolSearch || !tools.some(({ as }) => isSearchTool(as)), {
    path: ["tools"],
    message: `With toolSearch, ${searchToolNames.join(", ")} are taken.`,
  })
  .openapi("ServerData");
export type ServerData = z.infer<typeof ServerData>;

function hasNoTwice(tools: readonly { as?: string | undefined }[]): boolean {
  const names = tools.flatMap(({ as }) => as ?? []);
  return new Set(names).size === names.length;
}

function isSearchTool(name: string | undefined): boolean {
  return searchToolNames.some((taken) => taken === name);
}

export const ServerResource = z
  .object({
    id: z.string().openapi({ description: "Equal to the name", example: "support" }),
    name: z.string().openapi({ example: "support" }),
    description: z.string().openapi({ example: "What support needs" }),
    requiredRoles: z.array(z.string()).openapi({ example: ["mcp.support"] }),
    tools: tools.openapi({ example: toolsExample }),
    toolSearch,
    ...provenance,
  })
  .openapi("ServerResource");
export type ServerResource = z.infer<typeof ServerResource>;

export const ServerStatus = z
  .object({
    tools: z.int().openapi({ description: "Tools that the caller sees, search tools not counted", example: 10 }),
    estimatedTokens: z.int().openapi({
      description: "What the list that the caller gets takes of a model's context: its JSON in bytes, divided by 4",
      example: 1500,
    }),
    missing: z
      .array(
        z.object({
          adapter: z.string().nullable().openapi({ example: "github" }),
          tool: z.string().openapi({ example: "create_issue" }),
          reason: z.string().openapi({ example: "The adapter has no such tool." }),
        }),
      )
      .openapi({ description: "What is selected and not there for the caller, and why" }),
  })
  .openapi("ServerStatus");
export type ServerStatus = z.infer<typeof ServerStatus>;

const tags = ["servers"];
const params = nameParam("virtual server", "support");

export const createServer = createRoute({
  method: "post",
  path: "/servers",
  operationId: "createServer",
  summary: "Create a virtual server",
  description: "It is at /servers/{name}/mcp at once.",
  tags,
  request: { body: jsonBody(ServerData) },
  responses: { 201: createdAnswer(ServerResource, "Created"), ...problems(400, 401, 403, 409, 413, 415, 503) },
});

export const listServers = createRoute({
  method: "get",
  path: "/servers",
  operationId: "listServers",
  summary: "List virtual servers",
  description: "Those the caller may read, by name.",
  tags,
  request: { query: listQuery },
  responses: { 200: listAnswer(ServerResource, "Readable virtual servers"), ...problems(400, 401, 403, 503) },
});

export const getServer = createRoute({
  method: "get",
  path: "/servers/{name}",
  operationId: "getServer",
  summary: "Read a virtual server",
  tags,
  request: { params },
  responses: { 200: resourceAnswer(ServerResource, "The virtual server"), ...problems(401, 403, 404, 503) },
});

export const updateServer = createRoute({
  method: "put",
  path: "/servers/{name}",
  operationId: "updateServer",
  summary: "Update a virtual server",
  description: "Replaces every field.",
  tags,
  request: { params, headers: ifMatch, body: jsonBody(ServerData) },
  responses: {
    200: resourceAnswer(ServerResource, "Stored"),
    ...problems(400, 401, 403, 404, 409, 412, 413, 415, 503),
  },
});

export const deleteServer = createRoute({
  method: "delete",
  path: "/servers/{name}",
  operationId: "deleteServer",
  summary: "Delete a virtual server",
  description: "What it selects stays as it is.",
  tags,
  request: { params, headers: ifMatch },
  responses: { 204: { description: "Deleted" }, ...problems(401, 403, 404, 409, 412, 503) },
});

export const getServerStatus = createRoute({
  method: "get",
  path: "/servers/{name}/status",
  operationId: "getServerStatus",
  summary: "What a virtual server shows to the caller",
  tags,
  request: { params },
  responses: {
    200: jsonAnswer(ServerStatus, "Its tools, their size, and what is missing"),
    ...problems(401, 403, 404, 503),
  },
});
