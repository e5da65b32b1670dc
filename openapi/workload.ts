import { z } from "@hono/zod-openapi";
import { PodSettings } from "./pod.ts";

/** What adapters and tools have in common: an image that the gateway runs in replicas. */

/** Lowercase letters, digits and dashes; 52 characters leave room for what Kubernetes appends to a StatefulSet's name. */
export const ResourceName = z
  .string()
  .min(1)
  .max(52)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "Name must contain only lowercase letters, numbers, and dashes.");

/** Text that a database can keep and a process can be given: no NUL, no half of a surrogate pair. */
export const Text = z
  .string()
  .refine((text) => text.isWellFormed() && !text.includes("\u0000"), "Must be text without NUL.");

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

/** What every resource has that its caller writes. */
export const shared = {
  description: Text.max(4096).default("").openapi({ example: "Weather forecasts" }),
  requiredRoles: z
    .array(Text.min(1).max(256))
    .max(64)
    .default([])
    .openapi({
      description: "Any of these roles may use it, beside its creator and admins",
      example: ["mcp.engineer"],
    }),
};

// A union, where `nullable` would make the component itself nullable.
const Pod = z.union([PodSettings, z.null()]).openapi({
  description: "How replicas run in a cluster; null for the defaults. Its `template` is for admins to write",
  example: { resources: { limits: { memory: "1Gi" } } },
});

/** What a caller writes. The defaults are the Microsoft gateway's; unknown fields are ignored, as there. */
export const workloadData = {
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
    .regex(/^(sha256:[0-9a-f]{64}|[a-zA-Z0-9][a-zA-Z0-9._-]{0,127})$/, "Image version must be a valid image tag.")
    .openapi({ description: "Image tag, or a digest such as `sha256:` and 64 hex digits", example: "1.0.0" }),
  environmentVariables: Environment.default({}),
  replicaCount: z.int().min(0).max(maxReplicas).default(1).openapi({ description: "Replicas wanted", example: 3 }),
  ...shared,
  useWorkloadIdentity: z
    .boolean()
    .default(false)
    .openapi({ description: "Runs under the workload's cloud identity; fixed at creation, needs the admin role" }),
  pod: Pod.default(null),
};

export const workloadResource = {
  imageName: z.string().openapi({ example: "mcp-example" }),
  imageVersion: z.string().openapi({ example: "1.0.0" }),
  environmentVariables: z.record(z.string(), ShownVariable).openapi({ example: environmentExample }),
  replicaCount: z.int().openapi({ example: 3 }),
  description: z.string().openapi({ example: "Weather forecasts" }),
  useWorkloadIdentity: z.boolean().openapi({ example: false }),
  requiredRoles: z.array(z.string()).openapi({ example: ["mcp.engineer"] }),
  pod: Pod,
};

/** Who made a resource, and when it was written. */
export const provenance = {
  createdBy: z.string().openapi({ description: "Id of the principal who created it", example: "dev" }),
  createdAt: z.iso.datetime().openapi({ example: "2026-11-23T09:00:00.000Z" }),
  lastUpdatedAt: z.iso.datetime().openapi({ example: "2026-11-23T09:00:00.000Z" }),
};

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

/** One thing that is true of a workload or not, in the words of the Kubernetes MCP lifecycle operator (SIG Apps). */
export const Condition = z
  .object({
    type: z.enum(["Accepted", "Available", "Ready"]).openapi({
      description:
        "`Accepted`: the runtime has taken the latest revision. `Available`: at least one replica is ready, or none is wanted. `Ready`: all that are wanted are ready and run the latest settings",
      example: "Ready",
    }),
    status: z.enum(["True", "False", "Unknown"]).openapi({ example: "False" }),
    reason: z.string().openapi({ description: "One word, for programs", example: "ReplicasNotReady" }),
    message: z.string().openapi({ description: "The same in words", example: "2 of 3 replicas are ready." }),
  })
  .openapi("Condition");
export type Condition = z.infer<typeof Condition>;

export const WorkloadStatus = z.object({
  readyReplicas: z.int().nullable().openapi({ example: 3 }),
  updatedReplicas: z.int().nullable().openapi({ description: "Replicas that run the latest settings", example: 3 }),
  availableReplicas: z.int().nullable().openapi({ example: 3 }),
  image: z.string().openapi({ description: "What runs, or `Unknown`", example: "mcp-example:1.0.0" }),
  replicaStatus: z
    .string()
    .openapi({ description: "`Healthy`, or `Degraded: {ready}/{desired} ready`", example: "Healthy" }),
  reason: z.string().nullable().openapi({ description: "Why it is not as wanted, in words", example: null }),
  observedRevision: z.int().nullable().openapi({
    description: "The revision that the runtime works on: the number at the end of the ETag. Null when it has none",
    example: 3,
  }),
  conditions: z.array(Condition),
  replicas: z.array(ReplicaStatus),
});
export type WorkloadStatus = z.infer<typeof WorkloadStatus>;

export const logsQuery = z.object({
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
  previous: z.enum(["true", "false"]).default("false").openapi({
    description:
      "`true` shows the run before the replica's last restart. A laptop shows earlier runs without it, too; a cluster does not",
    example: "false",
  }),
});
