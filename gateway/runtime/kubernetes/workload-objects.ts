import type { Workload } from "../runtime.ts";
import { type Answer, type Failure, failureInWords } from "./api/answer.ts";
import type { KubeClient } from "./api/client.ts";
import type { Service, StatefulSet } from "./api/objects.ts";
import { type Resource, services, statefulSets } from "./api/resources.ts";
import type { ClusterView } from "./cluster-view.ts";
import { creationWords } from "./objects/creation-words.ts";
import { hashOf } from "./objects/hash.ts";
import { ownerOf, refusalIn } from "./objects/owner.ts";
import { serviceFor } from "./objects/service.ts";
import { statefulSetFor } from "./objects/stateful-set.ts";
import { type ObjectSettings, serviceName } from "./objects/workload.ts";
import type { Story } from "./story.ts";
import { untilGone } from "./until-gone.ts";

/** The one field manager: what else others set on our objects stays as it is. */
const fieldManager = "mcp-gateway";

type Objects = { readonly statefulSet: StatefulSet; readonly service: Service };
type Found = { readonly [Kind in keyof Objects]: Objects[Kind] | undefined };

/** What was applied, and what came back: as long as both are so there is nothing to do. */
type Applied = { readonly hash: string; readonly state: string };

/** Writes a workload's StatefulSet and Service, and nothing that is not ours. */
export function workloadObjects({
  client,
  view,
  settings,
  story,
}: {
  client: KubeClient;
  view: ClusterView;
  settings: ObjectSettings;
  story: Story;
}) {
  const { namespace } = settings;
  const writing = { namespace, fieldManager, force: true } as const;
  const applied = new Map<string, Applied>();
  return { apply, remove, refusalByCluster };

  /** Idempotent: it repairs what somebody else has changed. Throws, in words, when the cluster does not take it. */
  async function apply(workload: Workload): Promise<void> {
    const wanted = objectsFor(workload);
    const hash = hashOf(wanted);
    const before = applied.get(workload.name);
    if (before?.hash === hash && before.state === stateOf(inView(workload.name))) return;

    const found = await read(workload.name);
    const refusal = refusalIn(placedIn(found), workload, settings);
    if (refusal !== undefined) throw new Error(refusal);
    // The Service first: a pod's DNS name and slices are there when it is.
    const service = taken(await put(services, wanted.service, found.service));
    const made = await put(statefulSets, wanted.statefulSet, found.statefulSet);
    if (made.state !== "ok") story.refused(found.statefulSet, refusedInWords(made));
    const statefulSet = taken(made);
    applied.set(workload.name, { hash, state: stateOf({ statefulSet, service }) });
    story.applied(found.statefulSet, statefulSet, { isRepair: before?.hash === hash });
  }

  /** Resolves when the objects and their pods are gone. */
  async function remove(name: string, signal: AbortSignal): Promise<void> {
    applied.delete(name);
    const found = await read(name);
    await removeOurs(statefulSets, found.statefulSet);
    await removeOurs(services, found.service);
    const uids = new Set(placedIn(found).flatMap((object) => (isOurs(object) ? [object.metadata.uid] : [])));
    await untilGone({ client, view, namespace, name, uids, signal });
  }

  /** The very object that was looked at. Whoever was faster has done it. */
  async function removeOurs<O extends StatefulSet | Service>(
    resource: Resource<O>,
    object: O | undefined,
  ): Promise<void> {
    if (!object || !isOurs(object)) return;
    const { name, uid } = object.metadata;
    const how = { propagationPolicy: "Background", preconditions: { uid } } as const;
    const removed = await client.remove(resource, { namespace, name, ...how });
    const isGone = removed.state === "failed" && (removed.status === 404 || removed.status === 409);
    if (!isGone) taken(removed);
  }

  /** Why the API server would not take this workload, by asking it without doing it; undefined when it would. */
  async function refusalByCluster(workload: Workload, signal: AbortSignal): Promise<string | undefined> {
    const { statefulSet } = objectsFor(workload);
    const refusal = refusalIn(placedIn(inView(workload.name)), workload, settings);
    if (refusal !== undefined) return refusal;
    const tried = await client.apply(statefulSets, statefulSet, { ...writing, dryRun: true, signal });
    return tried.state === "ok" ? undefined : refusedInWords(tried);
  }

  function objectsFor(workload: Workload): Objects {
    const statefulSet = statefulSetFor(workload, settings);
    return { statefulSet, service: serviceFor(workload, settings) } as unknown as Objects;
  }

  /** Only over the object that was looked at: one that came in its place since, or where none was, is none of ours. */
  function put<O extends StatefulSet | Service>(
    resource: Resource<O>,
    wanted: O,
    found: O | undefined,
  ): Promise<Answer<O>> {
    const metadata = found ? { ...wanted.metadata, uid: found.metadata.uid } : wanted.metadata;
    return client.apply<O>(resource, { ...wanted, metadata }, { ...writing, force: found !== undefined });
  }

  async function read(name: string): Promise<Found> {
    const [statefulSet, service] = await Promise.all([
      client.get(statefulSets, { namespace, name }),
      client.get(services, { namespace, name: serviceName(name) }),
    ]);
    return { statefulSet: there(statefulSet), service: there(service) };
  }

  function inView(name: string): Found {
    return { statefulSet: view.statefulSet(name), service: view.service(serviceName(name)) };
  }

  function isOurs(object: StatefulSet | Service): boolean {
    return ownerOf(object, settings).owner === "ours";
  }
}

function placedIn({ statefulSet, service }: Found) {
  return [
    ...(statefulSet ? [{ ...statefulSet, kind: "StatefulSet" as const }] : []),
    ...(service ? [{ ...service, kind: "Service" as const }] : []),
  ];
}

/** What no controller changes by itself: whatever differs was done by somebody. */
function stateOf({ statefulSet, service }: Found): string {
  const { uid, generation, labels, annotations } = statefulSet?.metadata ?? {};
  return JSON.stringify([
    uid,
    generation,
    labels,
    annotations,
    service?.metadata.uid,
    service?.metadata.resourceVersion,
  ]);
}

function there<Value>(answer: Answer<Value>): Value | undefined {
  if (answer.state === "failed" && answer.status === 404) return undefined;
  return taken(answer);
}

function taken<Value>(answer: Answer<Value>): Value {
  if (answer.state === "ok") return answer.object;
  throw new Error(refusedInWords(answer));
}

function refusedInWords(failure: Failure): string {
  if (failure.state === "failed" && failure.status === 403) return creationWords(failure.message);
  return failureInWords(failure);
}
