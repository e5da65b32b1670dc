import { type Endpoint, nothingFound, type Runtime, type Workload } from "../../gateway/runtime/runtime.ts";

/**
 * A runtime for servers that somebody else runs: every workload has the given endpoints. Tests use it to keep replicas
 * alive while gateways come and go, and to stand several gateways before the same replicas.
 */
export type StaticRuntime = Runtime & {
  /** Replaces the endpoints, as a watch would report it. */
  set(endpoints: readonly Endpoint[]): void;
  /** As it was last applied; undefined when there is none of this name. */
  wanted(name: string): Workload | undefined;
};

export function staticRuntime(initial: readonly Endpoint[]): StaticRuntime {
  let endpoints = initial;
  const workloads = new Map<string, Workload>();
  const listeners = new Set<(workload: string) => void>();
  return {
    set(changed) {
      endpoints = changed;
      for (const listener of listeners) for (const name of workloads.keys()) listener(name);
    },
    wanted: (name) => workloads.get(name),
    refusal: () => undefined,
    async apply(workload) {
      workloads.set(workload.name, workload);
      for (const listener of listeners) listener(workload.name);
    },
    async remove(name) {
      workloads.delete(name);
      for (const listener of listeners) listener(name);
    },
    names: async () => [...workloads.keys()],
    status: async () => undefined,
    logs: async () => ({ state: "absent" }),
    endpoints: {
      of: (workload) => (workloads.has(workload) ? endpoints : []),
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    guarding: undefined,
    found: nothingFound,
    onDrift: () => () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

/** An endpoint by its URL, with an identity of its own. */
export function endpointAt(origin: string, name: string, state: Endpoint["state"] = "ready"): Endpoint {
  return { id: crypto.randomUUID(), name, origin, state };
}
