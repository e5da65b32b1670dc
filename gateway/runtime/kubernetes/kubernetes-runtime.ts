import { audienceOf } from "../../assertion/assertion.ts";
import type { Events } from "../../observe/events.ts";
import type { Runtime, Workload, WorkloadRefusal, WorkloadStatus } from "../runtime.ts";
import type { KubeClient } from "./api/client.ts";
import type { ReflectorLimits } from "./api/limits.ts";
import type { Event, StatefulSet } from "./api/objects.ts";
import { clusterEvents as clusterEventsBy } from "./cluster-events.ts";
import { openClusterView } from "./cluster-view.ts";
import { explainingEvents } from "./explaining-events.ts";
import { foundAdapters } from "./found-adapters.ts";
import { keyConfigMap } from "./key-config-map.ts";
import { liveEndpoints } from "./live-endpoints.ts";
import { podUidOf } from "./objects/endpoints.ts";
import { revisionAnnotation, uidAnnotation } from "./objects/labels.ts";
import { ownerOf, refusalIn } from "./objects/owner.ts";
import { refusalOf } from "./objects/stateful-set.ts";
import { statusOf } from "./objects/status.ts";
import { type ObjectSettings, serviceName } from "./objects/workload.ts";
import { replicaLogs } from "./replica-logs.ts";
import { storyOf } from "./story.ts";
import { workloadObjects } from "./workload-objects.ts";

/** Names of Secrets and Services that belong to the gateway itself. */
const ownPrefix = "mcp-gateway";
/** Of pods that are not ready, whose Events are read for the reason. */
const maxExplainedPods = 8;
/** How long a status waits for what only the API server knows. */
const explainMs = 3_000;

/**
 * Workloads as StatefulSets and Services of one namespace. What is asked for on every request is in memory, kept by watches;
 * writes are server-side apply, and no object is touched that this gateway did not make.
 */
export async function kubernetesRuntime({
  client,
  settings,
  instance,
  now,
  events,
  limits,
}: {
  client: KubeClient;
  settings: ObjectSettings;
  /** Which of several gateways this is, for Events. */
  instance: string;
  now: () => number;
  events: Events;
  /** Of the watches. */
  limits?: ReflectorLimits;
}): Promise<Runtime> {
  const { namespace } = settings;
  const closing = new AbortController();
  await using opening = new AsyncDisposableStack();
  const view = opening.use(await openClusterView({ client, namespace, events, limits }));
  const endpoints = opening.use(liveEndpoints(view, settings));
  const teller = { namespace, component: settings.gatewayName, instance, now };
  const clusterEvents = clusterEventsBy({ client, ...teller, events });
  const objects = workloadObjects({ client, view, settings, story: storyOf(clusterEvents) });
  const found = opening.use(foundAdapters({ client, view, settings, clusterEvents, events }));
  const keys = settings.guard && opening.use(await keyConfigMap({ client, namespace, events, limits }));
  const opened = opening.move();

  return {
    refusal,
    apply: objects.apply,
    remove: (name) => objects.remove(name, closing.signal),
    async names() {
      const ours = [...view.statefulSets(), ...view.services()].map((object) => ownerOf(object, settings));
      return [...new Set(ours.flatMap((owner) => (owner.owner === "ours" ? owner.name : [])))];
    },
    status,
    logs: replicaLogs({ client, view, settings }),
    endpoints,
    guarding: keys && { keys, audienceOf: (adapter) => audienceOf(namespace, adapter), podOf: podUidOf },
    found,
    onDrift: (onChange) => view.onChange((workload, what) => void (what === "wanted" && onChange(workload))),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await opened.disposeAsync();
    },
  };

  function refusal(workload: Workload): WorkloadRefusal | undefined {
    const detail = secretRefusal(workload) ?? refusalOf(workload, settings);
    if (detail !== undefined) return { why: "unrunnable", detail };
    const statefulSet = view.statefulSet(workload.name);
    const service = view.service(serviceName(workload.name));
    const taken = refusalIn([...(statefulSet ? [statefulSet] : []), ...(service ? [service] : [])], workload, settings);
    return taken === undefined ? undefined : { why: "taken", detail: taken };
  }

  async function status(workload: Workload): Promise<WorkloadStatus> {
    const statefulSet = view.statefulSet(workload.name);
    const isOurs = statefulSet && ownerOf(statefulSet, settings).owner === "ours";
    const signal = AbortSignal.timeout(explainMs);
    const reason = await reasonFor(workload, isOurs ? statefulSet : undefined, signal);
    if (!isOurs) return { ...nothing, desired: workload.replicaCount, reason };
    const pods = view.podsOf(workload.name);
    const seen = { statefulSet, pods, workload };
    const first = statusOf({ ...seen, events: [] });
    const isWell = first.replicas.every(({ state }) => state === "ready");
    const status = isWell ? first : statusOf({ ...seen, events: await eventsOf(statefulSet, signal) });
    return { ...status, observedRevision: revisionOf(statefulSet, workload), reason };
  }

  /** Why the cluster does not have the workload as wanted; null when it does. */
  async function reasonFor(
    workload: Workload,
    ours: StatefulSet | undefined,
    signal: AbortSignal,
  ): Promise<string | null> {
    if (ours && revisionOf(ours, workload) === workload.revision) return staleness();
    const refused = await objects.refusalByCluster(workload, signal);
    return refused ?? staleness() ?? "The change is about to be made.";
  }

  function staleness(): string | null {
    const error = view.lastError();
    return error === undefined ? null : `The Kubernetes API cannot be watched, so this may be old: ${error}`;
  }

  /** Of the StatefulSet, and of those pods that are not ready. */
  function eventsOf({ metadata }: StatefulSet, signal: AbortSignal): Promise<Event[]> {
    const waiting = view
      .podsOf(metadata.name)
      .filter((pod) => !isReady(pod))
      .slice(0, maxExplainedPods);
    const uids = [metadata.uid, ...waiting.map((pod) => pod.metadata.uid)];
    return explainingEvents(client, { namespace, uids, signal });
  }
}

const nothing = { desired: 0, ready: 0, updated: 0, image: "Unknown", observedRevision: null, replicas: [] } as const;

/** What was made for an earlier record of this name says nothing of this one. */
function revisionOf({ metadata }: StatefulSet, { uid }: Workload): number | null {
  if (metadata.annotations?.[uidAnnotation] !== uid) return null;
  const revision = Number(metadata.annotations?.[revisionAnnotation]);
  return Number.isSafeInteger(revision) ? revision : null;
}

function isReady({ status }: { status?: { conditions?: readonly { type: string; status: string }[] } }): boolean {
  return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
}

/** A cluster has a place for secrets, and it is not the StatefulSet, which whoever may read it reads. */
function secretRefusal({ environment }: Workload): string | undefined {
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value === "string") continue;
    if ("secret" in value) {
      return `environmentVariables.${name}: In a cluster a secret value is kept in a Secret; name it by secretRef.`;
    }
    if (value.secretRef.name.startsWith(ownPrefix)) {
      return `environmentVariables.${name}: Secrets named ${ownPrefix}… are the gateway's own.`;
    }
  }
  return undefined;
}
