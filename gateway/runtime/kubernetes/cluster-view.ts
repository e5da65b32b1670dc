import { adapterLabel } from "../../../injector/pod/names.ts";
import type { Events } from "../../observe/events.ts";
import type { KubeClient } from "./api/client.ts";
import type { ReflectorLimits } from "./api/limits.ts";
import type { ChangeType, OnChange } from "./api/mirror.ts";
import type { KubeObject } from "./api/object-meta.ts";
import type { EndpointSlice, Service, StatefulSet } from "./api/objects.ts";
import type { Pod } from "./api/pod.ts";
import { type Reflection, reflect } from "./api/reflector.ts";
import { endpointSlices, pods, type Resource, services, statefulSets } from "./api/resources.ts";
import { nameLabel, typeLabel } from "./objects/labels.ts";
import { replicaNews } from "./objects/replica-news.ts";
import { workloadOfService } from "./objects/workload.ts";

/**
 * `wanted`: a StatefulSet or Service; `running`: whatever its replicas are made of; `labelled`: what people have labelled with
 * the name of an adapter.
 */
type What = "wanted" | "running" | "labelled";

/**
 * The namespace in memory, as last heard: every StatefulSet and Service, whoever made it, the pods and slices of workloads, and
 * all other pods that are labelled as an adapter's.
 */
export type ClusterView = AsyncDisposable & {
  statefulSet(name: string): StatefulSet | undefined;
  service(name: string): Service | undefined;
  statefulSets(): readonly StatefulSet[];
  services(): readonly Service[];
  /** By the label of the workload's name, which anybody may have set. */
  podsOf(workload: string): readonly Pod[];
  slicesOf(workload: string): readonly EndpointSlice[];
  /** By {@link adapterLabel}, on it or on its pods: whoever made it. */
  labelledSets(adapter: string): readonly StatefulSet[];
  /** By the same label: those that are no workload's. */
  labelledPods(adapter: string): readonly Pod[];
  /** The label's values. */
  labelledNames(): readonly string[];
  /** Calls back with a workload's name. Call what it returns to stop. */
  onChange(listener: (workload: string, what: What) => void): () => void;
  /** Why what is here may be old, in words; undefined while every watch holds. */
  lastError(): string | undefined;
};

/** How long the first lists may take; a gateway without endpoints is of no use. */
const openLimitMs = 60_000;

/** Resolves when everything there is has been seen once. Throws, in words, when that takes too long. */
export async function openClusterView({
  client,
  namespace,
  events,
  limits,
  limitMs = openLimitMs,
}: {
  client: Pick<KubeClient, "list" | "watch">;
  namespace: string;
  events: Pick<Events, "watchInterrupted" | "replicaSeen">;
  /** Of the watches. */
  limits?: ReflectorLimits | undefined;
  limitMs?: number;
}): Promise<ClusterView> {
  const closing = new AbortController();
  const listeners = new Set<(workload: string, what: What) => void>();
  const podsByWorkload = grouped<Pod>();
  const slicesByWorkload = grouped<EndpointSlice>();
  const setsByAdapter = grouped<StatefulSet>();
  const podsByAdapter = grouped<Pod>();
  const sets = watch(statefulSets, undefined, (type, set, previous) => {
    tell(set.metadata.name, "wanted");
    regroup(setsByAdapter, adapterOfSet, "labelled", type, set, previous);
  });
  // By its name: what has lost its labels, or never had any, is in a workload's place too.
  const endpoints = watch(services, undefined, (_, { metadata }) => {
    const workload = workloadOfService(metadata.name);
    if (workload !== undefined) tell(workload, "wanted");
  });
  const replicas = watch(pods, typeLabel, (...change) => {
    regroup(podsByWorkload, workloadOf, "running", ...change);
    // What is there at the beginning is no news.
    if (replicas.synced) tellNews(...change);
  });
  const slices = watch(endpointSlices, typeLabel, (...change) =>
    regroup(slicesByWorkload, workloadOf, "running", ...change),
  );
  // A selector cannot say "or".
  const labelled = watch(pods, `${adapterLabel},!${typeLabel}`, (...change) =>
    regroup(podsByAdapter, adapterOf, "labelled", ...change),
  );
  const all: readonly Reflection<KubeObject>[] = [sets, endpoints, replicas, slices, labelled];
  await allSynced();

  return {
    statefulSet: (name) => sets.get(name),
    service: (name) => endpoints.get(name),
    statefulSets: () => sets.list(),
    services: () => endpoints.list(),
    podsOf: (workload) => podsByWorkload.of(workload),
    slicesOf: (workload) => slicesByWorkload.of(workload),
    labelledSets: (adapter) => setsByAdapter.of(adapter),
    labelledPods: (adapter) => podsByAdapter.of(adapter),
    labelledNames: () => [...new Set([...setsByAdapter.names(), ...podsByAdapter.names()])],
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    lastError: () => all.find(({ lastError }) => lastError !== undefined)?.lastError,
    [Symbol.asyncDispose]: close,
  };

  function watch<O extends KubeObject>(
    resource: Resource<O>,
    labelSelector: string | undefined,
    onChange: OnChange<O>,
  ): Reflection<O> {
    const signal = closing.signal;
    return reflect(client, resource, { namespace, labelSelector, onChange, signal, events, ...(limits && { limits }) });
  }

  function regroup<O extends KubeObject>(
    group: Grouped<O>,
    nameOf: (object: O) => string | undefined,
    what: What,
    type: ChangeType,
    object: O,
    previous: O | undefined,
  ): void {
    const before = previous && nameOf(previous);
    const now = type === "removed" ? undefined : nameOf(object);
    if (before !== undefined && before !== now) group.remove(before, object);
    if (now !== undefined) group.put(now, object);
    for (const name of new Set([before, now])) if (name !== undefined) tell(name, what);
  }

  function tellNews(type: ChangeType, pod: Pod, previous: Pod | undefined): void {
    const workload = workloadOf(pod);
    if (workload === undefined) return;
    events.replicaSeen({ workload, ...replicaNews(workload, previous, type === "removed" ? undefined : pod) });
  }

  function tell(workload: string, what: What): void {
    for (const listener of listeners) listener(workload, what);
  }

  async function allSynced(): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!all.every(({ synced }) => synced)) {
      if (performance.now() > endMs) {
        const reason = all.find(({ lastError }) => lastError !== undefined)?.lastError ?? "it does not answer";
        await close();
        throw new Error(`The Kubernetes API cannot be read: ${reason}`);
      }
      await Bun.sleep(20);
    }
  }

  async function close(): Promise<void> {
    closing.abort();
    await Promise.all(all.map(({ done }) => done));
  }
}

function workloadOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.[nameLabel];
}

function adapterOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.[adapterLabel];
}

/** The label belongs to the pods; one that is on the StatefulSet alone is found too, so that people can be told. */
function adapterOfSet(set: StatefulSet): string | undefined {
  return set.spec.template.metadata?.labels?.[adapterLabel] ?? adapterOf(set);
}

type Grouped<O extends KubeObject> = ReturnType<typeof grouped<O>>;

/** Objects by workload, so that a change of one costs nothing in the others. */
function grouped<O extends KubeObject>() {
  const groups = new Map<string, Map<string, O>>();
  return {
    names: () => groups.keys(),
    of: (workload: string): readonly O[] => [...(groups.get(workload)?.values() ?? [])],
    put(workload: string, object: O): void {
      groups.getOrInsertComputed(workload, () => new Map()).set(object.metadata.name, object);
    },
    remove(workload: string, { metadata }: O): void {
      const group = groups.get(workload);
      group?.delete(metadata.name);
      if (group?.size === 0) groups.delete(workload);
    },
  };
}
