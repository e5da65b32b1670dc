import { guardPort } from "../../../../injector/pod/names.ts";
import { serverPortOf } from "../../../../injector/pod/server-port.ts";
import { hasGuard } from "../../../../injector/pod/with-guard.ts";
import { maxReplicas } from "../../../../openapi/workload.ts";
import type { Endpoint } from "../../runtime.ts";
import { endpointId } from "./endpoints.ts";
import { type FoundObjects, isWanted, makerOf } from "./found-objects.ts";
import { instanceOf } from "./instance.ts";
import type { ReplicaPod } from "./pods.ts";
import type { Pod, StatefulSet } from "./shapes.ts";
import { isEnding, isReady } from "./status.ts";
import type { ObjectSettings } from "./workload.ts";

type Guarding = Pick<ObjectSettings, "guard">;
type Way = { readonly state: "open"; readonly port: number } | { readonly state: "none"; readonly why: string };

/**
 * The pods by number: those of the oldest StatefulSet by their ordinals, all others after them, in order of name. What has
 * finished and been replaced is none.
 */
export function foundReplicasIn({ statefulSets: [set], pods }: FoundObjects): ReplicaPod[] {
  const { name: setName = "", uid } = set?.metadata ?? {};
  const numbered: ReplicaPod[] = [];
  const others: { pod: Pod; name: string }[] = [];
  for (const pod of pods.filter((each) => isWanted(each) || isEnding(each))) {
    const name = pod.metadata?.name ?? "";
    const instance = makerOf(pod)?.uid === uid ? instanceOf(name, setName) : undefined;
    if (uid === undefined || instance === undefined) others.push({ pod, name });
    else numbered.push({ pod, name, instance });
  }
  const first = 1 + Math.max(-1, ...ordinalsOf(set), ...numbered.map(({ instance }) => instance));
  others.sort((one, other) => (one.name < other.name ? -1 : 1));
  return [...numbered, ...others.map((each, index) => ({ ...each, instance: first + index }))].sort(
    (one, other) => one.instance - other.instance,
  );
}

/** Of the replicas it wants: as many as one of the gateway's own can have. */
export function ordinalsOf(set: StatefulSet | undefined): number[] {
  if (!set) return [];
  const { replicas = 1, ordinals } = set.spec ?? {};
  return Array.from({ length: Math.min(replicas, maxReplicas) }, (_, index) => (ordinals?.start ?? 0) + index);
}

/** The replicas that take requests. */
export function foundEndpointsIn(objects: FoundObjects, settings: Guarding): Endpoint[] {
  return foundReplicasIn(objects).flatMap(({ pod, name }) => {
    const way = wayTo(pod, settings);
    if (way.state === "none" || !isReady(pod) || hasUnreadyContainer(pod)) return [];
    const { podIP } = pod.status ?? {};
    if (podIP === undefined) return [];
    const host = podIP.includes(":") ? `[${podIP}]` : podIP;
    const id = endpointId(pod.metadata?.uid ?? "", restartsOf(pod));
    const state = isEnding(pod) ? "draining" : "ready";
    return [{ id, name, origin: `http://${host}:${way.port}`, state } as const];
  });
}

/** The port on which a pod takes the gateway's requests; or why it takes none, as what it does or has. */
export function wayTo(pod: Pod, { guard }: Guarding): Way {
  // Nobody passes a guard by.
  if (guard)
    return hasGuard(pod.spec ?? {}) ? { state: "open", port: guardPort } : { state: "none", why: unguarded(pod) };
  const server = serverPortOf(pod);
  switch (server.state) {
    case "known":
      return { state: "open", port: server.port };
    case "invalid":
      return { state: "none", why: `names a port that is none: ${JSON.stringify(server.annotation)}` };
    case "unknown":
      return { state: "none", why: 'does not say where its server listens: name that port "mcp"' };
  }
}

function unguarded(pod: Pod): string {
  const remedy = makerOf(pod) ? "delete the pod so that it is made again" : "delete the pod and apply it again";
  return `has no guard: it was made while the injector was away; ${remedy}`;
}

/** Of all containers but sidecars: which of them holds sessions is known to whoever wrote the pod. */
export function restartsOf({ status }: Pod): number {
  return (status?.containerStatuses ?? []).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}

/** The pod's own condition may say so later. */
function hasUnreadyContainer({ status }: Pod): boolean {
  return status?.containerStatuses?.some(({ ready }) => ready === false) ?? false;
}
