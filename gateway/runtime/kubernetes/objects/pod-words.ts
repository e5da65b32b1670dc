import { containerWords } from "./container-words.ts";
import { newestEvent, timeOf } from "./events.ts";
import { statusOfContainer } from "./pods.ts";
import type { ClusterEvent, ContainerStatus, Pod } from "./shapes.ts";
import { shortText } from "./short-text.ts";

/** Why a pod that is there is not ready, in words; `own` is the container that the others are only beside. */
export function podWords(pod: Pod, own: string, events: readonly ClusterEvent[]): string {
  return (
    failureWords(pod) ??
    schedulingWords(pod) ??
    containersWords(pod, own, events) ??
    mountWords(pod, events) ??
    progressWords(pod, own, events)
  );
}

/** The pod as a whole: evicted, refused by its node, or its node is lost. */
function failureWords({ status = {} }: Pod): string | undefined {
  const message = status.message ?? "";
  if (status.reason === "Evicted") return shortText(`evicted: ${message}`);
  if (status.phase === "Failed") return shortText(`it failed: ${message || (status.reason ?? "no reason is given")}`);
  const isLost = status.reason === "NodeLost" || condition({ status }, "Ready")?.status === "Unknown";
  return isLost ? "its node does not answer" : undefined;
}

function schedulingWords(pod: Pod): string | undefined {
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled === undefined) return pod.status?.containerStatuses ? undefined : "it waits for a node";
  if (scheduled.status === "True") return undefined;
  if (scheduled.reason !== "Unschedulable") return "it waits for a node";
  // What it tried with preemption, and with claims of devices, is the scheduler's own affair.
  const [message = ""] = (scheduled.message ?? "").split(/ no new claims to deallocate,| preemption: /);
  return shortText(`no node can take it: ${message.replace(/\.$/, "")}`);
}

function containersWords(pod: Pod, own: string, events: readonly ClusterEvent[]): string | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  // Init containers come first: while one of them cannot run, the others only wait for it.
  for (const status of [...initContainerStatuses, ...containerStatuses]) {
    const isInit = initContainerStatuses.includes(status);
    if (isInit && status.state?.terminated?.exitCode === 0) continue;
    const words = containerWords(status, toldOf(pod, status, events));
    if (words !== undefined) return status.name === own ? words : shortText(`container "${status.name}": ${words}`);
  }
  return undefined;
}

function toldOf(pod: Pod, status: ContainerStatus, events: readonly ClusterEvent[]) {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const container = [...initContainers, ...containers].find(({ name }) => name === status.name);
  const uid = pod.metadata?.uid;
  const pull = newestEvent(events, { uid, reasons: ["Failed"] }, ({ message = "" }) => message.includes("pull image"));
  const run = status.state?.terminated ?? status.lastState?.terminated;
  const startedAt = Date.parse(run?.startedAt ?? "");
  const killing = newestEvent(events, { uid, reasons: ["Killing"] }, (event) => {
    // Of the run that ended last: an older one may have been killed, and this one have crashed.
    return (
      event.message?.startsWith(`Container ${status.name} failed startup probe`) === true && timeOf(event) >= startedAt
    );
  });
  const probe = newestEvent(events, { uid, reasons: ["Unhealthy"] }, isOfStartup);
  return {
    image: container?.image ?? "",
    memoryLimit: container?.resources?.limits?.["memory"],
    pullFailure: pull?.message,
    startupFailure: killing && probe ? probeWords(probe) : undefined,
  };
}

function mountWords(pod: Pod, events: readonly ClusterEvent[]): string | undefined {
  if (pod.status?.containerStatuses?.some(({ state }) => state?.running)) return undefined;
  const reasons = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"];
  const event = newestEvent(events, { uid: pod.metadata?.uid, reasons });
  return event && shortText(`it cannot be set up: ${event.message ?? ""}`);
}

/** Nothing is wrong yet: how far it has come, or what its probe last said. */
function progressWords(pod: Pod, own: string, events: readonly ClusterEvent[]): string {
  const waitedFor = pod.status?.initContainerStatuses?.find(({ state, started, ready }) => {
    return state?.terminated === undefined && !(started ?? false) && !(ready ?? false);
  });
  const status = statusOfContainer(pod, own);
  if (waitedFor && !status?.state?.running) return shortText(`container "${waitedFor.name}" has to go first`);
  const startedAt = Date.parse(status?.state?.running?.startedAt ?? "");
  if (!status?.state?.running) return "its container is being created";
  // Its own events would be taken for those of whoever stands beside it.
  const other = status.ready ? notReadyBeside(pod, status.name) : undefined;
  if (other !== undefined) return shortText(`container "${other.name}" is not ready`);
  const isStarted = status.started ?? false;
  const probe = newestEvent(events, { uid: pod.metadata?.uid, reasons: ["Unhealthy"] }, (event) => {
    // What it said before the last start is about another process.
    return isOfStartup(event) === !isStarted && !(timeOf(event) < startedAt);
  });
  if (probe) return shortText(`its ${isStarted ? "readiness" : "startup"} probe fails: ${probeWords(probe)}`);
  if (!isStarted) return "it has not answered its startup probe yet";
  return "its readiness probe fails";
}

/** A sidecar, which runs among the init containers, or another container. */
function notReadyBeside({ status }: Pod, own: string): ContainerStatus | undefined {
  const sidecars = status?.initContainerStatuses?.filter(({ state }) => state?.running) ?? [];
  return [...sidecars, ...(status?.containerStatuses ?? [])].find(({ name, ready }) => name !== own && ready === false);
}

function isOfStartup({ message = "" }: ClusterEvent): boolean {
  return message.startsWith("Startup probe");
}

function probeWords({ message = "" }: ClusterEvent): string {
  return message.replace(/^\w+ probe (failed|errored[^:]*): /, "");
}

function condition({ status }: Pick<Pod, "status">, type: string) {
  return status?.conditions?.find((other) => other.type === type);
}
