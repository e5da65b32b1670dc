import type { ReplicaStatus, WorkloadStatus } from "../../runtime.ts";
import { type FoundObjects, isWanted, makerOf, replicasIn, speakerIn } from "./found-objects.ts";
import { foundEndpointsIn, foundReplicasIn, ordinalsOf, restartsOf, wayTo } from "./found-replicas.ts";
import type { ReplicaPod } from "./pods.ts";
import { serverContainerOf } from "./server-container.ts";
import type { ClusterEvent, Pod } from "./shapes.ts";
import { isEnding, isUpdated, missingStatus, replicaStatus } from "./status.ts";
import type { ObjectSettings } from "./workload.ts";

type Seen = {
  readonly objects: FoundObjects;
  /** Of the StatefulSet and of its pods. */
  readonly events: readonly ClusterEvent[];
  readonly settings: Pick<ObjectSettings, "guard">;
};

/** How an adapter is that people run themselves, from what the cluster says of it. */
export function foundStatusOf({ objects, events, settings }: Seen): Omit<WorkloadStatus, "observedRevision"> {
  const { wanted, counted } = replicasIn(objects);
  const found = foundReplicasIn(objects);
  const taking = foundEndpointsIn(objects, settings).filter(({ state }) => state === "ready");
  const speaker = speakerIn(objects);
  return {
    desired: wanted + counted,
    ready: taking.length,
    updated: found.filter(({ pod }) => isWanted(pod) && isLatest(pod, objects)).length,
    image: (speaker && serverContainerOf(speaker.pod)?.image) ?? "Unknown",
    reason: whyShut(found, settings),
    replicas: [
      ...found.map((replica) => statusOf(replica, { events, settings })),
      ...missingIn(objects, found, events),
    ].sort((one, other) => one.instance - other.instance),
  };
}

function statusOf(replica: ReplicaPod, { events, settings }: Pick<Seen, "events" | "settings">): ReplicaStatus {
  const { pod } = replica;
  const own = serverContainerOf(pod)?.name ?? "";
  const status = { ...replicaStatus(replica, own, events), restarts: restartsOf(pod) };
  const way = wayTo(pod, settings);
  const isShut = status.state === "ready" && way.state === "none";
  return isShut ? { ...status, state: "starting", reason: `it ${way.why}` } : status;
}

/** Of the oldest StatefulSet, whose pods have numbers of their own. */
function missingIn({ statefulSets: [set] }: FoundObjects, found: readonly ReplicaPod[], events: Seen["events"]) {
  if (!set) return [];
  return ordinalsOf(set)
    .filter((ordinal) => !found.some(({ instance }) => instance === ordinal))
    .map((ordinal) => missingStatus(`${set.metadata?.name ?? ""}-${ordinal}`, ordinal, { statefulSet: set, events }));
}

/** A Deployment's template is known by the pods that were made last. */
function isLatest(pod: Pod, objects: FoundObjects): boolean {
  const maker = objects.statefulSets.find(({ metadata }) => metadata?.uid === makerOf(pod)?.uid);
  if (maker) return isUpdated(pod, maker);
  return templateHash(pod.metadata) === templateHash(speakerIn({ ...objects, statefulSets: [] })?.metadata);
}

function templateHash(metadata: Pod["metadata"]): string | undefined {
  return metadata?.labels?.["pod-template-hash"];
}

/** The first pod that nobody is sent to, for what it is and not for how it does. */
function whyShut(found: readonly ReplicaPod[], settings: Seen["settings"]): string | null {
  for (const { pod, name } of found) {
    const way = wayTo(pod, settings);
    if (way.state === "none" && !isEnding(pod)) return `${name} ${way.why}`;
  }
  return null;
}
