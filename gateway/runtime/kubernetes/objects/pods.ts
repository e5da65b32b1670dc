import { instanceOf } from "./instance.ts";
import type { ContainerStatus, Pod, StatefulSet } from "./shapes.ts";
import { containerName } from "./workload.ts";

/** A replica's pod, with its ordinal. */
export type ReplicaPod = { readonly pod: Pod; readonly name: string; readonly instance: number };

/** Those pods that the StatefulSet has made itself, by instance: labels alone can be put on any pod. */
export function podsOf(statefulSet: Pick<StatefulSet, "metadata">, pods: readonly Pod[]): ReplicaPod[] {
  const { name: workload = "", uid } = statefulSet.metadata ?? {};
  return pods
    .flatMap((pod) => {
      const name = pod.metadata?.name ?? "";
      const instance = instanceOf(name, workload);
      const isMade =
        pod.metadata?.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) ?? false;
      return isMade && instance !== undefined ? [{ pod, name, instance }] : [];
    })
    .sort((one, other) => one.instance - other.instance);
}

/** How often the replica's program was started again in its pod; the containers beside it hold no sessions. */
export function restartCountOf(pod: Pod, container: string): number {
  return statusOfContainer(pod, container)?.restartCount ?? 0;
}

/**
 * For `endpointsIn`: the restarts of each of the StatefulSet's pods, by uid. A pod is left out while its program does not take
 * requests: a slice is told later that it has ended, and would say ready of the next run before that has begun.
 */
export function restartsOf(statefulSet: Pick<StatefulSet, "metadata">, pods: readonly Pod[]): Map<string, number> {
  const container = containerName(statefulSet.metadata?.name ?? "");
  const taking = podsOf(statefulSet, pods).filter(({ pod }) => statusOfContainer(pod, container)?.ready !== false);
  return new Map(taking.map(({ pod }) => [pod.metadata?.uid ?? "", restartCountOf(pod, container)] as const));
}

export function statusOfContainer(pod: Pod, container: string): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === container);
}
