import { z } from "@hono/zod-openapi";

/** A quantity as Kubernetes writes it. */
const Quantity = z
  .string()
  .max(32)
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, "A quantity is a number with a unit such as 250m, 256Mi or 1.")
  .openapi({ example: "256Mi" });
const Quantities = z.object({
  cpu: Quantity.optional().openapi({ example: "250m" }),
  memory: Quantity.optional(),
  ephemeralStorage: Quantity.optional().openapi({ example: "2Gi" }),
});
const LabelKey = z.string().max(317);
const LabelValue = z.string().max(63);

/** How replicas run in a cluster; a laptop has no use for it. What is left out has the default that is named. */
export const PodSettings = z
  .object({
    resources: z
      .object({
        requests: Quantities.optional().openapi({ description: "Default 250m, 256Mi", example: { cpu: "250m" } }),
        limits: Quantities.optional().openapi({ description: "Default 1, 512Mi, 2Gi", example: { memory: "1Gi" } }),
      })
      .optional(),
    probe: z
      .discriminatedUnion("kind", [
        z.object({ kind: z.literal("tcp") }),
        z.object({
          kind: z.literal("http"),
          path: z.string().max(1024).startsWith("/").openapi({ example: "/healthz" }),
        }),
      ])
      .optional()
      .openapi({
        description: "When a replica is ready: its port is open (the default), or a path answers 2xx or 3xx",
      }),
    startupSeconds: z.int().min(1).max(3600).optional().openapi({
      description: "How long a replica may take to start before it is killed; default 120",
      example: 300,
    }),
    terminationGracePeriodSeconds: z.int().min(0).max(86_400).optional().openapi({
      description: "How long a replica keeps its sessions when it has to go; default 60",
      example: 300,
    }),
    imagePullSecrets: z
      .array(z.string().max(253))
      .max(16)
      .optional()
      .openapi({ example: ["registry"] }),
    imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional().openapi({
      description: "Default `Always` for a tag, `IfNotPresent` for a digest",
      example: "IfNotPresent",
    }),
    readOnlyRootFilesystem: z.boolean().optional().openapi({
      description: "With an empty, writable /tmp; default false",
      example: true,
    }),
    runAsUser: z.int().min(1).max(2_147_483_647).optional().openapi({ description: "Default 1100", example: 1100 }),
    nodeSelector: z
      .record(LabelKey, LabelValue)
      .optional()
      .openapi({ example: { "kubernetes.io/arch": "arm64" } }),
    tolerations: z
      .array(
        z.object({
          key: LabelKey.optional(),
          operator: z.enum(["Exists", "Equal"]).optional(),
          value: LabelValue.optional(),
          effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
          tolerationSeconds: z.int().min(0).optional(),
        }),
      )
      .max(32)
      .optional(),
    template: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({
        description:
          "For whatever has no field here: a pod template (`metadata`, `spec`) merged over the gateway's by the rules of kubectl patch (strategic merge); admins only",
        example: { spec: { priorityClassName: "tools" } },
      }),
  })
  .openapi("PodSettings");
export type PodSettings = z.infer<typeof PodSettings>;
