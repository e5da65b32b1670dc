import type { ReplicaStatus, Workload, WorkloadStatus } from "../../runtime.ts";
import { isWaiting } from "./container-words.ts";
import { creationWords } from "./creation-words.ts";
import { newestEvent } from "./events.ts";
import { podHashAnnotation } from "./labels.ts";
import { podWords } from "./pod-words.ts";
import { podsOf, type ReplicaPod, restartCountOf, statusOfContainer } from "./pods.ts";
import type { ClusterEvent, Pod, PodSpec, StatefulSet } from "./shapes.ts";
import { containerName } from "./workload.ts";

type Seen = {
  readonly statefulSet: StatefulSet;
  /** Those with its labels; which of them are its own is found out here. */
  readonly pods: readonly Pod[];
  /** Of the StatefulSet and of its pods. */
  readonly events: readonly ClusterEvent[];
};

/** All of a workload's status that its objects alone tell. */
export type ReplicasStatus = Omit<WorkloadStatus, "observedRevision" | "reason">;

/** How a workload is, from what the cluster says of it. `workload` is what is wanted, where that is known better than there. */
export function statusOf({
  workload,
  ...seen
}: Seen & { readonly workload?: Pick<Workload, "replicaCount"> }): ReplicasStatus {
  const { statefulSet } = seen;
  const name = statefulSet.metadata?.name ?? "";
  const desired = workload?.replicaCount ?? statefulSet.spec?.replicas ?? 0;
  const found = podsOf(statefulSet, seen.pods);
  const wanted = found.filter(({ instance, pod }) => instance < desired && !isEnding(pod));
  const missing = Array.from({ length: desired }, (_, instance) => instance).filter((instance) => {
    return !found.some((replica) => replica.instance === instance);
  });
  return {
    desired,
    ready: wanted.filter(({ pod }) => isReady(pod)).length,
    updated: wanted.filter(({ pod }) => isUpdated(pod, statefulSet)).length,
    image: imageIn(statefulSet, name),
    replicas: [
      ...found.map((replica) => replicaStatus(replica, containerName(name), seen.events)),
      ...missing.map((instance) => missingStatus(`${name}-${instance}`, instance, seen)),
    ].sort((one, other) => one.instance - other.instance),
  };
}

/** `own`: the container in which its program runs. */
export function replicaStatus(
  { pod, name, instance }: ReplicaPod,
  own: string,
  events: readonly ClusterEvent[],
): ReplicaStatus {
  const shared = { name, instance, restarts: restartCountOf(pod, own) };
  if (isEnding(pod)) return { ...shared, state: "draining", reason: null };
  if (isReady(pod)) return { ...shared, state: "ready", reason: null };
  const container = statusOfContainer(pod, own);
  const hasEnded = pod.status?.phase === "Failed" || (container !== undefined && isWaiting(container));
  return { ...shared, state: hasEnded ? "waiting" : "starting", reason: podWords(pod, own, events) };
}

/** There is no pod: the StatefulSet's controller could not make it, or has yet to. */
export function missingStatus(
  name: string,
  instance: number,
  { statefulSet, events }: Pick<Seen, "statefulSet" | "events">,
): ReplicaStatus {
  const about = { uid: statefulSet.metadata?.uid, reasons: ["FailedCreate", "SuccessfulCreate"] };
  const own = newestEvent(events, about, ({ message = "" }) => message.includes(`Pod ${name} in `));
  const event = own ?? newestEvent(events, about);
  const reason = event?.reason === "FailedCreate" ? creationWords(event.message ?? "") : "it is about to be created";
  return { name, instance, state: "starting", restarts: 0, reason };
}

/**
 * By two marks: the gateway's hash, which is there as soon as the StatefulSet is applied, and the controller's revision, which
 * also knows a template that somebody else has edited. Until the controller has seen the latest template, none is.
 */
export function isUpdated({ metadata }: Pod, { metadata: setMetadata, status }: StatefulSet): boolean {
  if ((status?.observedGeneration ?? 0) < (setMetadata?.generation ?? 0)) return false;
  const revision = metadata?.labels?.["controller-revision-hash"];
  const hash = metadata?.annotations?.[podHashAnnotation];
  return revision === status?.updateRevision && hash === setMetadata?.annotations?.[podHashAnnotation];
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
}

export function isEnding({ metadata }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

function imageIn({ spec }: StatefulSet, workload: string): string {
  const { containers = [] } = (spec?.template?.spec ?? {}) as PodSpec;
  return containers.find(({ name }) => name === containerName(workload))?.image ?? "Unknown";
}
