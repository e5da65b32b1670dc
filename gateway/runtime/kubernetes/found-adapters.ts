import type { Events } from "../../observe/events.ts";
import type { Found, LogRequest, Logs, Workload, WorkloadStatus } from "../runtime.ts";
import type { KubeClient } from "./api/client.ts";
import type { ClusterEvents } from "./cluster-events.ts";
import type { ClusterView } from "./cluster-view.ts";
import { containerLogs } from "./container-logs.ts";
import { explainingEvents } from "./explaining-events.ts";
import { keptEndpoints } from "./kept-endpoints.ts";
import { foundAdapterIn, type Warning, warningsOf } from "./objects/found-adapter.ts";
import { type FoundObjects, foundObjectsIn, makerOf } from "./objects/found-objects.ts";
import { foundEndpointsIn, foundReplicasIn, ordinalsOf } from "./objects/found-replicas.ts";
import { foundStatusOf } from "./objects/found-status.ts";
import { typeLabel } from "./objects/labels.ts";
import { ownerOf } from "./objects/owner.ts";
import { serverContainerOf } from "./objects/server-container.ts";
import type { Pod, StatefulSet } from "./objects/shapes.ts";
import { isReady } from "./objects/status.ts";
import type { ObjectSettings } from "./objects/workload.ts";

/** Of pods that are not ready, whose Events are read for the reason. */
const maxExplainedPods = 8;
/** How long a status waits for what only the API server knows. */
const explainMs = 3_000;

/** The adapters that people run themselves, by the label on their pods. */
export function foundAdapters({
  client,
  view,
  settings,
  clusterEvents,
  events,
}: {
  client: Pick<KubeClient, "list" | "logs">;
  view: ClusterView;
  settings: ObjectSettings;
  clusterEvents: Pick<ClusterEvents, "writeOnce">;
  events: Pick<Events, "foundObjectWarned">;
}): Found & Disposable {
  const { namespace } = settings;
  const told = new Map<string, ReadonlySet<string>>();
  const endpoints = keptEndpoints({
    names: view.labelledNames(),
    endpointsOf: (name) => foundEndpointsIn(objectsOf(name), settings),
    onChange: (listener) => view.onChange((name, what) => void (what === "labelled" && listener(name))),
  });

  return {
    names: () => view.labelledNames(),
    get(name) {
      const found = foundAdapterIn(objectsOf(name), settings);
      // Left behind by one of the gateway's own: it is removed first.
      return found && ownSet(name) ? { state: "unusable" } : found;
    },
    onChange: (listener) =>
      view.onChange((name, what) => {
        if (what === "labelled" || (what === "wanted" && isLabelled(name))) listener(name);
      }),
    explain,
    status,
    logs,
    endpoints,
    [Symbol.dispose]: () => endpoints[Symbol.dispose](),
  };

  function objectsOf(name: string): FoundObjects {
    const labelled = { statefulSets: view.labelledSets(name), pods: view.labelledPods(name) };
    return foundObjectsIn(name, labelled, { isOwnSet, isOwnPod });
  }

  function isOwnSet(set: StatefulSet): boolean {
    return ownerOf({ ...set, kind: "StatefulSet" }, settings).owner === "ours";
  }

  function isOwnPod(pod: Pod): boolean {
    const maker = makerOf(pod);
    const set = maker && ownSet(maker.name ?? "");
    return pod.metadata?.labels?.[typeLabel] !== undefined || (set !== undefined && set.metadata.uid === maker?.uid);
  }

  function ownSet(name: string) {
    const set = view.statefulSet(name);
    return set && isOwnSet(set) ? set : undefined;
  }

  function isLabelled(name: string): boolean {
    return view.labelledSets(name).length + view.labelledPods(name).length > 0;
  }

  /** What has ended is forgotten, so that it is told again when it comes back. */
  function explain(name: string, refusal: string | undefined): void {
    const before = told.get(name);
    const warnings = warningsOf(objectsOf(name), refusal);
    for (const warning of warnings) if (!before?.has(keyOf(warning))) tell(name, warning);
    if (warnings.length > 0) told.set(name, new Set(warnings.map(keyOf)));
    else told.delete(name);
  }

  function tell(adapter: string, { object, reason, message }: Warning): void {
    events.foundObjectWarned({ adapter, object: `${object.kind} ${object.name}`, reason, message });
    clusterEvents.writeOnce(object, { type: "Warning", reason, message });
  }

  async function status({ name, revision }: Workload): Promise<WorkloadStatus> {
    const objects = objectsOf(name);
    const uids = uidsToExplain(objects);
    const signal = AbortSignal.timeout(explainMs);
    const explaining = await explainingEvents(client, { namespace, uids, signal });
    const status = foundStatusOf({ objects, settings, events: explaining });
    return { ...status, observedRevision: revision, reason: status.reason ?? reasonOf(objects) };
  }

  function reasonOf({ statefulSets, pods }: FoundObjects): string | null {
    const error = view.lastError();
    if (error !== undefined) return `The Kubernetes API cannot be watched, so this may be old: ${error}`;
    return statefulSets.length + pods.length > 0 ? null : "Nothing of it is left in the cluster.";
  }

  /** The replica's server, and no container beside it. */
  async function logs(name: string, request: LogRequest): Promise<Logs> {
    const objects = objectsOf(name);
    const replica = foundReplicasIn(objects).find(({ instance }) => instance === request.instance);
    if (!replica)
      return { state: ordinalsOf(objects.statefulSets[0]).includes(request.instance) ? "starting" : "absent" };
    const container = serverContainerOf(replica.pod)?.name ?? "";
    return containerLogs(client, { at: { namespace, name: replica.name }, pod: replica.pod, container }, request);
  }
}

function uidsToExplain({ statefulSets, pods }: FoundObjects): string[] {
  const waiting = pods.filter((pod) => !isReady(pod)).slice(0, maxExplainedPods);
  const [set] = statefulSets;
  const isWell = waiting.length === 0 && (set?.spec?.replicas ?? 0) <= pods.length;
  const asked = isWell ? [] : [...(set ? [set] : []), ...waiting];
  return asked.flatMap(({ metadata }) => metadata?.uid ?? []);
}

function keyOf({ object, reason, message }: Warning): string {
  return `${object.uid} ${reason} ${message}`;
}
