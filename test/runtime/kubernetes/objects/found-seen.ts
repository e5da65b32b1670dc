import { foundObjectsIn, type FoundObjects } from "../../../../gateway/runtime/kubernetes/objects/found-objects.ts";
import type { Labels, Pod, StatefulSet } from "../../../../gateway/runtime/kubernetes/objects/shapes.ts";

/** What people have applied by the label `weather`, as the API server answers. */

type Made = { labels?: Labels; annotations?: Labels; created?: string };

const label = { "mcp-gateway/adapter": "weather" };
const server = { name: "server", image: "registry.example.com/team/weather:2", ports: [{ containerPort: 9000 }] };
const guard = { name: "mcp-guard", restartPolicy: "Always" };

export function foundSet(
  name: string,
  changes: Made & { template?: Made; replicas?: number; start?: number } = {},
): StatefulSet {
  const {
    labels = {},
    annotations = {},
    created = "2026-11-23T09:00:00Z",
    template = {},
    replicas = 1,
    start,
  } = changes;
  const { labels: podLabels = label, annotations: podAnnotations = {} } = template;
  return {
    kind: "StatefulSet",
    metadata: { name, uid: `uid-of-${name}`, generation: 1, creationTimestamp: created, labels, annotations },
    spec: {
      replicas,
      ...(start !== undefined && { ordinals: { start } }),
      template: { metadata: { labels: podLabels, annotations: podAnnotations }, spec: { containers: [server] } },
    },
    status: { observedGeneration: 1, updateRevision: `${name}-7f9c` },
  };
}

type PodChanges = Made & {
  /** Of a StatefulSet, or of a ReplicaSet. */
  maker?: { kind: "StatefulSet" | "ReplicaSet"; name: string };
  ready?: boolean;
  ending?: boolean;
  guarded?: boolean;
  spec?: Pod["spec"];
  status?: Pod["status"];
};

export function foundPod(name: string, changes: PodChanges = {}): Pod {
  const { labels = label, annotations = {}, created = "2026-11-23T09:00:00Z", maker, ready = true } = changes;
  return {
    kind: "Pod",
    metadata: {
      name,
      uid: `uid-of-${name}`,
      creationTimestamp: created,
      labels: { ...(maker?.kind === "StatefulSet" && { "controller-revision-hash": `${maker.name}-7f9c` }), ...labels },
      annotations,
      ...(maker && { ownerReferences: [{ ...maker, uid: `uid-of-${maker.name}`, controller: true }] }),
      ...(changes.ending && { deletionTimestamp: "2026-11-23T09:05:00Z" }),
    },
    spec: changes.spec ?? { containers: [server], ...(changes.guarded && { initContainers: [guard] }) },
    status: {
      phase: "Running",
      podIP: "10.1.0.7",
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: ready ? "True" : "False" },
      ],
      containerStatuses: [{ name: "server", ready, started: ready, restartCount: 0, state: { running: {} } }],
      ...changes.status,
    },
  };
}

export const ofSet = (name: string) => ({ maker: { kind: "StatefulSet", name } }) as const;
export const ofDeployment = { maker: { kind: "ReplicaSet", name: "rain-6d5b" } } as const;

/** All of it is somebody's who is not the gateway. */
export function weatherOf(...items: (StatefulSet | Pod)[]): FoundObjects {
  return labelledAs("weather", ...items);
}

export function labelledAs(name: string, ...items: (StatefulSet | Pod)[]): FoundObjects {
  const statefulSets = items.filter(({ kind }) => kind === "StatefulSet") as StatefulSet[];
  const pods = items.filter(({ kind }) => kind === "Pod") as Pod[];
  return foundObjectsIn(name, { statefulSets, pods }, { isOwnSet: () => false, isOwnPod: () => false });
}
