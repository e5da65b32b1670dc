import type { Condition, ContainerStatus, Pod, PodStatus } from "../objects.ts";
import { now } from "./container-process.ts";
import type { Place } from "./environment.ts";

/** What is known of a pod's containers. */
export type PodFacts = {
  readonly initialized: boolean;
  readonly inits: readonly ContainerStatus[];
  readonly apps: readonly ContainerStatus[];
  readonly phase: NonNullable<PodStatus["phase"]>;
  readonly startTime: string;
};

/** The status that this kubelet owns; conditions of others are kept by the kind of patch it is sent with. */
export function podStatusOf(pod: Pod, facts: PodFacts, place: Place, before: PodStatus | undefined): PodStatus {
  const { initialized, inits, apps, phase } = facts;
  const over = phase === "Succeeded" || phase === "Failed";
  const unready = [...inits.filter(({ name }) => isSidecar(pod, name)), ...apps].filter(({ ready }) => !ready);
  const names = `[${unready.map(({ name }) => name).join(" ")}]`;
  const uninitialized = inits.filter((each) => !(isSidecar(pod, each.name) ? each.started : each.ready));
  const notReady = over
    ? { reason: phase === "Succeeded" ? "PodCompleted" : "PodFailed", message: null }
    : { reason: "ContainersNotReady", message: `containers with unready status: ${names}` };
  const isReady = initialized && !over && unready.length === 0;
  const conditions: Condition[] = [
    condition("PodScheduled", true),
    condition("PodReadyToStartContainers", !over),
    initialized
      ? condition("Initialized", true)
      : condition("Initialized", false, {
          reason: "ContainersNotInitialized",
          message: `containers with incomplete status: [${uninitialized.map(({ name }) => name).join(" ")}]`,
        }),
    condition("ContainersReady", isReady, notReady),
    condition("Ready", isReady, notReady),
  ];
  return {
    phase,
    podIP: place.podIP,
    podIPs: [{ ip: place.podIP }],
    hostIP: place.nodeIP,
    hostIPs: [{ ip: place.nodeIP }],
    startTime: facts.startTime,
    conditions: conditions.map((each) => withTransition(each, before?.conditions)),
    initContainerStatuses: inits,
    containerStatuses: apps,
  };
}

export function isSidecar(pod: Pod, name: string): boolean {
  return pod.spec.initContainers?.find((each) => each.name === name)?.restartPolicy === "Always";
}

function condition(
  type: string,
  holds: boolean,
  otherwise?: { readonly reason: string; readonly message: string | null },
): Condition {
  // Null takes away what an earlier patch has set.
  if (holds || !otherwise) return { type, status: holds ? "True" : "False", reason: null, message: null };
  return { type, status: "False", ...otherwise };
}

function withTransition(condition: Condition, before: readonly Condition[] = []): Condition {
  const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
  return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? now() };
}
