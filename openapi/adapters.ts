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
import {
  logsQuery,
  provenance,
  ResourceName,
  Text,
  workloadData,
  workloadResource,
  WorkloadStatus,
} from "./workload.ts";

/** Which tools a role may use; null for all. Once it is set, whatever it does not name is denied. */
const ToolPolicy = z
  .record(Text.min(1).max(256), z.array(Text.min(1).max(256)).max(1000))
  .refine((policy) => Object.keys(policy).length <= 256, "At most 256 roles.")
  .nullable()
  .openapi({
    description:
      "Tools by role: `*` as a role is everybody who may use the adapter, `*` as a tool is every tool. Others can be neither called nor seen. Null: no policy. Admins are not bound by it.",
    example: { "*": ["forecast"], "mcp.engineer": ["*"] },
  });

/** Whether the tool router shows it, and what of it. */
const ExposeTools = z.union([z.boolean(), z.array(ToolChoice).max(1000)]).openapi({
  description:
    "Whether the tool router at /mcp shows it: `true` for all its tools, prompts and resources; a list narrows the tools, and may rename or describe them.",
  example: true,
});

/** What a caller writes. The defaults are the Microsoft gateway's; unknown fields are ignored, as there. */
export const AdapterData = z
  .object({
    name: ResourceName.openapi({
      description: "Unique name; also its path segment under /adapters/",
      example: "weather",
    }),
    ...workloadData,
    allowedTools: ToolPolicy.default(null),
    exposeTools: ExposeTools.default(false),
    affinity: z.enum(["principal", "none"]).default("principal").openapi({
      description:
        "Where requests without an MCP session go: `principal` keeps one caller on one replica, `none` spreads each request",
    }),
  })
  .openapi("AdapterData");
export type AdapterData = z.infer<typeof AdapterData>;

/** What is stored and answered: every field is present. */
export const AdapterResource = z
  .object({
    id: z.string().openapi({ description: "Equal to the name", example: "weather" }),
    name: z.string().openapi({ example: "weather" }),
    ...workloadResource,
    allowedTools: ToolPolicy,
    exposeTools: ExposeTools,
    affinity: z.enum(["principal", "none"]).openapi({ example: "principal" }),
    managedBy: z.enum(["gateway", "kubernetes"]).openapi({
      description:
        "`kubernetes`: it was found in the cluster, where people run it themselves, and is changed there and not here",
      example: "gateway",
    }),
    ...provenance,
  })
  .openapi("AdapterResource");
export type AdapterResource = z.infer<typeof AdapterResource>;

/** How the tool router at /mcp last saw an adapter, whoever asked. */
export const Exposure = z
  .object({
    state: z.enum(["listed", "absent", "unread"]).openapi({
      description: "`absent`: its lists cannot be read, so nobody sees its tools; `unread`: nobody has asked yet",
      example: "listed",
    }),
    reason: z
      .string()
      .nullable()
      .openapi({ description: "Why it is absent, or what of it is left out or out of date", example: null }),
    tools: z.int().nullable().openapi({ description: "Tools in its last list", example: 12 }),
    estimatedTokens: z.int().nullable().openapi({
      description: "What that list takes of a model's context: its JSON in bytes, divided by 4",
      example: 1800,
    }),
    readAt: z.iso.datetime().nullable().openapi({ example: "2026-11-23T09:00:00.000Z" }),
  })
  .openapi("Exposure");
export type Exposure = z.infer<typeof Exposure>;

export const AdapterStatus = WorkloadStatus.extend({
  exposure: Exposure.nullable().openapi({ description: "Null where `exposeTools` is false" }),
}).openapi("AdapterStatus");
export type AdapterStatus = z.infer<typeof AdapterStatus>;

const tags = ["adapters"];
const params = nameParam("adapter", "weather");

export const createAdapter = createRoute({
  method: "post",
  path: "/adapters",
  operationId: "createAdapter",
  summary: "Deploy an adapter",
  description: "Registers an MCP server and starts its replicas. Progress is at /adapters/{name}/status.",
  tags,
  request: { body: jsonBody(AdapterData) },
  responses: {
    201: createdAnswer(AdapterResource, "Registered; replicas are starting"),
    ...problems(400, 401, 403, 409, 413, 415, 422, 503),
  },
});

export const listAdapters = createRoute({
  method: "get",
  path: "/adapters",
  operationId: "listAdapters",
  summary: "List adapters",
  description: "Those the caller may read, by name.",
  tags,
  request: { query: listQuery },
  responses: {
    200: listAnswer(AdapterResource, "Readable adapters"),
    ...problems(400, 401, 403, 503),
  },
});

export const getAdapter = createRoute({
  method: "get",
  path: "/adapters/{name}",
  operationId: "getAdapter",
  summary: "Read an adapter",
  tags,
  request: { params },
  responses: { 200: resourceAnswer(AdapterResource, "The adapter"), ...problems(401, 403, 404, 503) },
});

export const updateAdapter = createRoute({
  method: "put",
  path: "/adapters/{name}",
  operationId: "updateAdapter",
  summary: "Update or scale an adapter",
  description:
    "Replaces every field. Replicas roll one after the other; a change of `replicaCount` alone restarts none. 409 for one that Kubernetes manages.",
  tags,
  request: { params, headers: ifMatch, body: jsonBody(AdapterData) },
  responses: {
    200: resourceAnswer(AdapterResource, "Stored; replicas follow"),
    ...problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 503),
  },
});

export const deleteAdapter = createRoute({
  method: "delete",
  path: "/adapters/{name}",
  operationId: "deleteAdapter",
  summary: "Delete an adapter",
  description:
    "Ends its replicas and their MCP sessions. The name is free again once the last replica is gone. 409 for one that Kubernetes manages.",
  tags,
  request: { params, headers: ifMatch },
  responses: { 204: { description: "Deleted" }, ...problems(401, 403, 404, 409, 412, 503) },
});

export const getAdapterStatus = createRoute({
  method: "get",
  path: "/adapters/{name}/status",
  operationId: "getAdapterStatus",
  summary: "Replica status",
  tags,
  request: { params },
  responses: {
    200: jsonAnswer(AdapterStatus, "How its replicas are, and how the tool router sees it"),
    ...problems(401, 403, 404, 503),
  },
});

export const getAdapterLogs = createRoute({
  method: "get",
  path: "/adapters/{name}/logs",
  operationId: "getAdapterLogs",
  summary: "Replica logs",
  description:
    "The last lines one replica wrote to stdout and stderr. With `follow=true` the answer stays open and grows.",
  tags,
  request: {
    params,
    query: logsQuery,
  },
  responses: {
    200: { description: "Log lines", content: { "text/plain": { schema: z.string() } } },
    ...problems(400, 401, 403, 404, 503),
  },
});
