import { z } from "zod";
import type { Pod } from "../pod/shapes.ts";

export type ReadPod =
  | { readonly state: "pod"; readonly pod: Pod }
  /** What is wrong with it, and where. */
  | { readonly state: "unreadable"; readonly why: string };

/**
 * An API server sends only what is a pod, so whatever is not has come from somewhere else. Null is what Go sends for an empty list
 * or map; here it is nothing. Fields that nobody looks at stay as they are.
 */
export function readPod(object: unknown): ReadPod {
  const parsed = PodObject.safeParse(object);
  if (parsed.success) return { state: "pod", pod: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join(".").slice(0, maxPathLength) || "the object";
  return { state: "unreadable", why: `${where}: ${issue?.message ?? "unknown"}` };
}

/** Keys may be anything, too. */
const maxPathLength = 200;

const name = z.string();
const number = z.number().int();

const ContainerObject = z.looseObject({
  name,
  restartPolicy: maybe(name),
  ports: maybe(
    z.array(
      z.looseObject({ name: maybe(name), containerPort: number, hostPort: maybe(number), protocol: maybe(name) }),
    ),
  ),
});

const PodObject: z.ZodType<Pod> = z.looseObject({
  metadata: maybe(
    z.looseObject({
      labels: maybe(z.record(z.string(), z.string())),
      annotations: maybe(z.record(z.string(), z.string())),
    }),
  ),
  spec: maybe(
    z.looseObject({
      containers: maybe(z.array(ContainerObject)),
      initContainers: maybe(z.array(ContainerObject)),
      volumes: maybe(z.array(z.looseObject({ name, configMap: maybe(z.looseObject({ name: maybe(name) })) }))),
      hostNetwork: maybe(z.boolean()),
      os: maybe(z.looseObject({ name: maybe(name) })),
      nodeSelector: maybe(z.record(z.string(), z.string())),
    }),
  ),
});

function maybe<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined);
}
