import type { ClusterEvent, Pod, StatefulSet } from "../../../../gateway/runtime/kubernetes/objects/shapes.ts";

/** A StatefulSet, its pods and what is told of them, as the API server answers. */
const hash = "0e761f87274c79e240183ecb00474855";
export const scheduled = { type: "PodScheduled", status: "True" };
export const started = { running: { startedAt: "2026-11-23T09:00:10Z" } };

export function statefulSet(
  changes: { replicas?: number; generation?: number; observedGeneration?: number } = {},
): StatefulSet {
  const { replicas = 1, generation = 2, observedGeneration = 2 } = changes;
  return {
    kind: "StatefulSet",
    metadata: { name: "weather", uid: "set", generation, annotations: { "adapter/pod-hash": hash } },
    spec: {
      replicas,
      template: { spec: { containers: [{ name: "weather-container", image: "registry.example.com/weather:2" }] } },
    },
    status: { observedGeneration, updateRevision: "weather-7f9c" },
  };
}

type Status = NonNullable<Pod["status"]>;
export type Container = NonNullable<Status["containerStatuses"]>[number];

export function pod(instance: number, status: Status, metadata: Pod["metadata"] = {}): Pod {
  return {
    metadata: {
      name: `weather-${instance}`,
      uid: `uid-${instance}`,
      labels: { "controller-revision-hash": "weather-7f9c" },
      annotations: { "adapter/pod-hash": hash },
      ownerReferences: [{ uid: "set", controller: true }],
      ...metadata,
    },
    spec: {
      initContainers: [{ name: "setup", image: "registry.example.com/setup:1" }],
      containers: [
        {
          name: "weather-container",
          image: "registry.example.com/weather:2",
          resources: { limits: { memory: "512Mi" } },
        },
      ],
    },
    status,
  };
}

export function ready(instance: number, metadata: Pod["metadata"] = {}): Pod {
  const container = { name: "weather-container", ready: true, started: true, restartCount: 0, state: started };
  const conditions = [scheduled, { type: "Ready", status: "True" }];
  return pod(instance, { phase: "Running", conditions, containerStatuses: [container] }, metadata);
}

export function unready(container: Partial<Container>, more: Partial<Status> = {}): Pod {
  const own = { name: "weather-container", ready: false, started: false, restartCount: 0, ...container };
  return pod(0, { phase: "Pending", conditions: [scheduled], containerStatuses: [own], ...more });
}

export function about(
  kind: "StatefulSet" | "Pod",
  reason: string,
  message: string,
  lastTimestamp: string,
): ClusterEvent {
  const involvedObject =
    kind === "Pod" ? { kind, name: "weather-0", uid: "uid-0" } : { kind, name: "weather", uid: "set" };
  return { involvedObject, reason, message, lastTimestamp };
}
