import type { Endpoint, Workload } from "../../runtime.ts";
import { instanceOf } from "./instance.ts";
import type { EndpointSlice } from "./shapes.ts";
import { portName, serviceName } from "./workload.ts";

type SliceEndpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/**
 * The replicas of one workload that take requests, by instance. A slice says nothing of a container that was started again in
 * its pod, which loses its sessions; so `restarts` has, by pod uid, how often that was (`restartsOf` in pods.ts), and both
 * are the replica's identity. A pod that is not in it is left out: it is not ours, it is gone, or its identity is yet to be read.
 */
export function endpointsIn(
  slices: readonly EndpointSlice[],
  workload: Pick<Workload, "kind" | "name" | "port">,
  restarts: ReadonlyMap<string, number>,
): Endpoint[] {
  const found = new Map<string, { instance: number; endpoint: Endpoint }>();
  for (const slice of slices) {
    if (slice.metadata?.labels?.["kubernetes.io/service-name"] !== serviceName(workload.name)) continue;
    const port = portOf(slice, workload);
    if (port === undefined) continue;
    for (const listed of slice.endpoints ?? []) {
      const { kind, name = "", uid = "" } = listed.targetRef ?? {};
      const instance = kind === "Pod" ? instanceOf(name, workload.name) : undefined;
      const restartCount = restarts.get(uid);
      const state = stateOf(listed);
      const host = hostOf(listed.addresses[0], slice.addressType);
      if (instance === undefined || restartCount === undefined || state === undefined || host === undefined) continue;
      // A pod may be in several slices for a moment, and in two where it has addresses of both families.
      const known = found.get(uid)?.endpoint;
      if (known !== undefined && !isBetter({ state, host }, known)) continue;
      const id = endpointId(uid, restartCount);
      found.set(uid, { instance, endpoint: { id, name, origin: `http://${host}:${port}`, state } });
    }
  }
  return [...found.values()]
    .sort((one, other) => one.instance - other.instance || (one.endpoint.id < other.endpoint.id ? -1 : 1))
    .map(({ endpoint }) => endpoint);
}

/** A pod whose program was started again is another replica. */
export function endpointId(podUid: string, restarts: number): string {
  return `${podUid}_${restarts}`;
}

export function podUidOf({ id }: Pick<Endpoint, "id">): string {
  return id.slice(0, id.lastIndexOf("_"));
}

/** No ports at all means that they are unknown, not that any will do. */
function portOf(slice: EndpointSlice, { kind, port }: Pick<Workload, "kind" | "port">): number | undefined {
  const ports = slice.ports ?? [];
  const named = ports.find(({ name }) => name === portName(kind));
  return (named ?? ports.find((other) => other.port === port))?.port ?? undefined;
}

function stateOf({ conditions = {} }: SliceEndpoint): Endpoint["state"] | undefined {
  if (conditions.terminating) return conditions.serving ? "draining" : undefined;
  // Absent is to be read as ready, says the API.
  return (conditions.ready ?? true) ? "ready" : undefined;
}

function hostOf(address: string | undefined, addressType: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  if (addressType === "IPv4") return address;
  return addressType === "IPv6" ? `[${address}]` : undefined;
}

/** What is draining in one slice and ready in another is draining; IPv4 goes first, so that the choice is always the same. */
function isBetter(candidate: { state: Endpoint["state"]; host: string }, known: Endpoint): boolean {
  if (candidate.state !== known.state) return candidate.state === "draining";
  return !candidate.host.startsWith("[");
}
