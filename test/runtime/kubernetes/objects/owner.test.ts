import { expect, test } from "bun:test";
import type { Labels } from "../../../../gateway/runtime/kubernetes/objects/shapes.ts";
import { ownerOf, type Placed, refusalIn } from "../../../../gateway/runtime/kubernetes/objects/owner.ts";
import { clusterWorkload, settings } from "./support.ts";

const labels = { "adapter/type": "mcp", "adapter/name": "weather", "app.kubernetes.io/managed-by": "mcp-gateway" };

function placed(kind: Placed["kind"], name: string, changes: Record<string, string | undefined> = {}): Placed {
  return { kind, metadata: { name, labels: JSON.parse(JSON.stringify({ ...labels, ...changes })) as Labels } };
}

test("an object with our name as its manager and its own name in its labels is ours", () => {
  const weather = { owner: "ours", kind: "adapter", name: "weather" } as const;
  expect(ownerOf(placed("StatefulSet", "weather"), settings)).toEqual(weather);
  expect(ownerOf(placed("Service", "weather-service"), settings)).toEqual(weather);
  const tool = placed("StatefulSet", "weather", { "adapter/type": "tool" });
  expect(ownerOf(tool, settings)).toEqual({ owner: "ours", kind: "tool", name: "weather" });
});

test("everything else is foreign", () => {
  const cases: Placed[] = [
    // As the Microsoft gateway makes them.
    placed("StatefulSet", "weather", { "app.kubernetes.io/managed-by": undefined }),
    placed("StatefulSet", "weather", { "app.kubernetes.io/managed-by": "Helm" }),
    placed("StatefulSet", "weather", { "app.kubernetes.io/managed-by": "mcp-gateway-2" }),
    placed("StatefulSet", "weather", { "adapter/name": undefined }),
    placed("StatefulSet", "weather", { "adapter/name": "other" }),
    placed("StatefulSet", "weather", { "adapter/type": "agent" }),
    placed("StatefulSet", "weather-service"),
    placed("Service", "weather"),
    { kind: "Service", metadata: { name: "weather-service" } },
    { kind: "StatefulSet" },
    {
      kind: "StatefulSet",
      metadata: { labels: { "adapter/type": "mcp", "app.kubernetes.io/managed-by": "mcp-gateway" } },
    },
  ];
  for (const object of cases) expect(ownerOf(object, settings)).toEqual({ owner: "foreign" });
});

test("a name that belongs to something else is refused in a sentence", () => {
  const workload = clusterWorkload();
  const set = placed("StatefulSet", "weather");
  const service = placed("Service", "weather-service");
  expect(refusalIn([], workload, settings)).toBeUndefined();
  expect(refusalIn([set, service], workload, settings)).toBeUndefined();
  expect(refusalIn([{ kind: "StatefulSet", metadata: { name: "weather" } }, service], workload, settings)).toBe(
    'The name "weather" belongs to a StatefulSet that this gateway did not make.',
  );
  expect(refusalIn([set, { kind: "Service", metadata: { name: "weather-service" } }], workload, settings)).toBe(
    'The name "weather-service" belongs to a Service that this gateway did not make.',
  );
  expect(refusalIn([set], clusterWorkload({ kind: "tool" }), settings)).toBe(
    'The name "weather" still belongs to the StatefulSet of a deleted adapter.',
  );
});
