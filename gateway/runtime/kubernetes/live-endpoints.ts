import type { Endpoint, Endpoints } from "../runtime.ts";
import type { ClusterView } from "./cluster-view.ts";
import { endpointsIn } from "./objects/endpoints.ts";
import { ownerOf } from "./objects/owner.ts";
import { restartsOf } from "./objects/pods.ts";
import { type ObjectSettings, servicePort } from "./objects/workload.ts";

/** Endpoints as the watches tell of them, made anew when something of their workload changes. */
export function liveEndpoints(view: ClusterView, settings: ObjectSettings): Endpoints & Disposable {
  const known = new Map<string, readonly Endpoint[]>();
  const listeners = new Set<(workload: string) => void>();
  const none: readonly Endpoint[] = [];
  for (const { metadata } of view.statefulSets()) update(metadata.name);
  const unsubscribe = view.onChange(update);

  return {
    of: (workload) => known.get(workload) ?? none,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [Symbol.dispose]: unsubscribe,
  };

  function update(workload: string): void {
    const before = known.get(workload) ?? none;
    const now = endpointsOf(workload);
    if (Bun.deepEquals(before, now)) return;
    if (now.length > 0) known.set(workload, now);
    else known.delete(workload);
    for (const listener of listeners) listener(workload);
  }

  /** None of a foreign StatefulSet: its pods are not ours to send anybody to. */
  function endpointsOf(name: string): readonly Endpoint[] {
    const statefulSet = view.statefulSet(name);
    const owner = statefulSet && ownerOf(statefulSet, settings);
    if (!statefulSet || owner?.owner !== "ours") return none;
    const workload = { kind: owner.kind, name, port: servicePort };
    return endpointsIn(view.slicesOf(name), workload, restartsOf(statefulSet, view.podsOf(name)));
  }
}
