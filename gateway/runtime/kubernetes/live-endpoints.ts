import type { Endpoint, Endpoints } from "../runtime.ts";
import type { ClusterView } from "./cluster-view.ts";
import { keptEndpoints } from "./kept-endpoints.ts";
import { endpointsIn } from "./objects/endpoints.ts";
import { ownerOf } from "./objects/owner.ts";
import { restartsOf } from "./objects/pods.ts";
import { type ObjectSettings, servicePort } from "./objects/workload.ts";

/** Endpoints of the gateway's own workloads, as the watches tell of them. */
export function liveEndpoints(view: ClusterView, settings: ObjectSettings): Endpoints & Disposable {
  return keptEndpoints({
    names: view.statefulSets().map(({ metadata }) => metadata.name),
    endpointsOf,
    onChange: (listener) => view.onChange((workload, what) => void (what !== "labelled" && listener(workload))),
  });

  /** None of a foreign StatefulSet: its pods are not ours to send anybody to. */
  function endpointsOf(name: string): readonly Endpoint[] {
    const statefulSet = view.statefulSet(name);
    const owner = statefulSet && ownerOf(statefulSet, settings);
    if (!statefulSet || owner?.owner !== "ours") return [];
    const workload = { kind: owner.kind, name, port: servicePort };
    return endpointsIn(view.slicesOf(name), workload, restartsOf(statefulSet, view.podsOf(name)));
  }
}
