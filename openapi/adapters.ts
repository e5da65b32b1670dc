import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "./problem.ts";

/** Lowercase letters, digits and dashes; 52 characters leave room for what Kubernetes appends to a StatefulSet's name. */
export const AdapterName = z
  .string()
  .min(1)
  .max(52)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "Name must contain only lowercase letters, numbers, and dashes.")
  .openapi({ description: "Unique name; also its path segment under /adapters/", example: "weather" });

/** Text that a database can keep and a process can be given: no NUL, no half of a surrogate pair. */
const Text = z.string().refine((text) => text.isWellFormed() && !text.includes("\u0000"), "Must be text without NUL.");

export const maxReplicas = 256;
const maxVariables = 256;
const maxVariableLength = 32_768;

/** A secret that is kept elsewhere: in the cluster a Secret and its key; on a laptop a file or a SECRET_… variable. */
export const SecretRef = z
  .object({
    name: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "A secret's name has lowercase letters, digits, dots and dashes.")
      .openapi({ example: "github" }),
    key: z
      .string()
      .max(253)
      .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/, "A secret's key has letters, digits, dots, dashes and underscores.")
      .optional()
      .openapi({ description: "Which of the secret's values, where it has several", example: "token" }),
  })
  .openapi("SecretRef");
export type SecretRef = z.infer<typeof SecretRef>;

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "A variable's name has only letters, digits and underscores.");

/** As written: text, a reference, or text that is never shown again; `secret` without a value keeps what is stored. */
const Variable = z.union([
  Text.max(maxVariableLength),
  z.object({ secretRef: SecretRef }),
  z.object({ secret: z.literal(true), value: Text.max(maxVariableLength).optional() }),
]);

/** As shown: a secret's value is left out. */
const ShownVariable = z.union([z.string(), z.object({ secretRef: SecretRef }), z.object({ secret: z.literal(true) })]);

const environmentExample = { LOG_LEVEL: "info", GITHUB_TOKEN: { secretRef: { name: "github", key: "token" } } };
const Environment = z
  .record(variableName, Variable)
  .refine((variables) => Object.keys(variables).length <= maxVariables, `At most ${maxVariables} variables.`)
  .openapi({
    description:
      "Environment variables of each replica. `{ secretRef }` takes the value from a secret; `{ secret: true, value }` is stored and never shown again, and `{ secret: true }` alone keeps it.",
    example: environmentExample,
  });

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

/** What a caller writes. The defaults are the Microsoft gateway's; unknown fields are ignored, as there. */
export const AdapterData = z
  .object({
    name: AdapterName,
    imageName: z
      .string()
      .max(255)
      .regex(
        /^[a-z0-9]+([._/-][a-z0-9]+)*$/,
        "Image name must be lowercase letters and numbers, separated by single '.', '_', '/' or '-'.",
      )
      .openapi({
        description: "Image without registry and tag; on a laptop, a name from the image catalogue",
        example: "mcp-example",
      }),
    imageVersion: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/, "Image version must be a valid image tag.")
      .openapi({ description: "Image tag", example: "1.0.0" }),
    environmentVariables: Environment.default({}),
    replicaCount: z.int().min(0).max(maxReplicas).default(1).openapi({ description: "Replicas wanted", example: 3 }),
    description: Text.max(4096).default("").openapi({ example: "Weather forecasts" }),
    useWorkloadIdentity: z
      .boolean()
      .default(false)
      .openapi({ description: "Runs under the workload's cloud identity; fixed at creation, needs the admin role" }),
    requiredRoles: z
      .array(Text.min(1).max(256))
      .max(64)
      .default([])
      .openapi({
        description: "Any of these roles may use it, beside its creator and admins",
        example: ["mcp.engineer"],
      }),
    allowedTools: ToolPolicy.default(null),
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
    imageName: z.string().openapi({ example: "mcp-example" }),
    imageVersion: z.string().openapi({ example: "1.0.0" }),
    environmentVariables: z.record(z.string(), ShownVariable).openapi({ example: environmentExample }),
    replicaCount: z.int().openapi({ example: 3 }),
    description: z.string().openapi({ example: "Weather forecasts" }),
    useWorkloadIdentity: z.boolean().openapi({ example: false }),
    requiredRoles: z.array(z.string()).openapi({ example: ["mcp.engineer"] }),
    allowedTools: ToolPolicy,
    affinity: z.enum(["principal", "none"]).openapi({ example: "principal" }),
    createdBy: z.string().openapi({ description: "Id of the principal who created it", example: "dev" }),
    createdAt: z.iso.datetime().openapi({ example: "2026-11-23T09:00:00.000Z" }),
    lastUpdatedAt: z.iso.datetime().openapi({ example: "2026-11-23T09:00:00.000Z" }),
  })
  .openapi("AdapterResource");
export type AdapterResource = z.infer<typeof AdapterResource>;

const ReplicaStatus = z
  .object({
    name: z.string().openapi({ example: "weather-0" }),
    instance: z.int().openapi({ description: "The ordinal that /logs?instance= takes", example: 0 }),
    state: z.enum(["starting", "ready", "draining", "waiting"]).openapi({
      description: "`waiting`: it ended and is started again after a pause",
      example: "ready",
    }),
    restarts: z.int().openapi({ description: "Unplanned restarts so far", example: 0 }),
    reason: z.string().nullable().openapi({ description: "Why it is not ready, in words", example: null }),
  })
  .openapi("ReplicaStatus");

export const AdapterStatus = z
  .object({
    readyReplicas: z.int().nullable().openapi({ example: 3 }),
    updatedReplicas: z.int().nullable().openapi({ description: "Replicas that run the latest settings", example: 3 }),
    availableReplicas: z.int().nullable().openapi({ example: 3 }),
    image: z.string().openapi({ description: "What runs, or `Unknown`", example: "mcp-example:1.0.0" }),
    replicaStatus: z
      .string()
      .openapi({ description: "`Healthy`, or `Degraded: {ready}/{desired} ready`", example: "Healthy" }),
    replicas: z.array(ReplicaStatus),
  })
  .openapi("AdapterStatus");
export type AdapterStatus = z.infer<typeof AdapterStatus>;

/** A path's name is looked up, not validated: whatever names nothing is a 404. */
const nameParam = z.object({
  name: z
    .string()
    .openapi({ param: { name: "name", in: "path" }, description: "The adapter's name", example: "weather" }),
});
const ifMatch = z.object({
  "if-match": z
    .string()
    .optional()
    .openapi({ description: "The ETag read before; another state in the store gives 412", example: '"5b0f6c9e-3"' }),
});
const jsonBody = { required: true, content: { "application/json": { schema: AdapterData } } };
const etag = {
  ETag: { description: "The stored state, for If-Match", schema: { type: "string" as const, example: '"5b0f6c9e-1"' } },
};
const adapterAnswer = (description: string) => ({
  description,
  headers: etag,
  content: { "application/json": { schema: AdapterResource } },
});
const tags = ["adapters"];

export const createAdapter = createRoute({
  method: "post",
  path: "/adapters",
  operationId: "createAdapter",
  summary: "Deploy an adapter",
  description: "Registers an MCP server and starts its replicas. Progress is at /adapters/{name}/status.",
  tags,
  request: { body: jsonBody },
  responses: {
    201: {
      ...adapterAnswer("Registered; replicas are starting"),
      headers: { ...etag, Location: { description: "The adapter's URL", schema: { type: "string" as const } } },
    },
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
  responses: {
    200: { description: "Readable adapters", content: { "application/json": { schema: z.array(AdapterResource) } } },
    ...problems(401, 403, 503),
  },
});

export const getAdapter = createRoute({
  method: "get",
  path: "/adapters/{name}",
  operationId: "getAdapter",
  summary: "Read an adapter",
  tags,
  request: { params: nameParam },
  responses: { 200: adapterAnswer("The adapter"), ...problems(401, 403, 404, 503) },
});

export const updateAdapter = createRoute({
  method: "put",
  path: "/adapters/{name}",
  operationId: "updateAdapter",
  summary: "Update or scale an adapter",
  description:
    "Replaces every field. Replicas roll one after the other; a change of `replicaCount` alone restarts none.",
  tags,
  request: { params: nameParam, headers: ifMatch, body: jsonBody },
  responses: {
    200: adapterAnswer("Stored; replicas follow"),
    ...problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 503),
  },
});

export const deleteAdapter = createRoute({
  method: "delete",
  path: "/adapters/{name}",
  operationId: "deleteAdapter",
  summary: "Delete an adapter",
  description: "Ends its replicas and their MCP sessions. The name is free again once the last replica is gone.",
  tags,
  request: { params: nameParam, headers: ifMatch },
  responses: { 204: { description: "Deleted" }, ...problems(401, 403, 404, 409, 412, 503) },
});

export const getAdapterStatus = createRoute({
  method: "get",
  path: "/adapters/{name}/status",
  operationId: "getAdapterStatus",
  summary: "Replica status",
  tags,
  request: { params: nameParam },
  responses: {
    200: { description: "How its replicas are", content: { "application/json": { schema: AdapterStatus } } },
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
    params: nameParam,
    query: z.object({
      instance: z.coerce
        .number()
        .int()
        .min(0)
        .max(maxReplicas)
        .default(0)
        .openapi({ description: "Which replica", example: 0 }),
      tail: z.coerce
        .number()
        .int()
        .min(1)
        .max(1000)
        .default(1000)
        .openapi({ description: "Lines to begin with", example: 100 }),
      follow: z
        .enum(["true", "false"])
        .default("false")
        .openapi({ description: "`true` streams new lines as they are written", example: "false" }),
    }),
  },
  responses: {
    200: { description: "Log lines", content: { "text/plain": { schema: z.string() } } },
    ...problems(400, 401, 403, 404, 503),
  },
});
