import type { LogRequest, Logs } from "../runtime.ts";
import type { KubeClient } from "./api/client.ts";
import type { StatefulSet } from "./api/objects.ts";
import type { ClusterView } from "./cluster-view.ts";
import { containerLogs } from "./container-logs.ts";
import { ownerOf } from "./objects/owner.ts";
import { podsOf } from "./objects/pods.ts";
import { containerName, type ObjectSettings } from "./objects/workload.ts";

/** The output of one replica's container; of our own StatefulSets' pods only. */
export function replicaLogs({
  client,
  view,
  settings,
}: {
  client: Pick<KubeClient, "logs">;
  view: ClusterView;
  settings: ObjectSettings;
}) {
  return async (workload: string, request: LogRequest): Promise<Logs> => {
    const { instance } = request;
    const statefulSet = view.statefulSet(workload);
    if (!statefulSet || ownerOf(statefulSet, settings).owner !== "ours") return { state: "absent" };
    const replica = podsOf(statefulSet, view.podsOf(workload)).find((pod) => pod.instance === instance);
    if (!replica) return isWanted(statefulSet, instance) ? { state: "starting" } : { state: "absent" };
    const at = { namespace: settings.namespace, name: replica.name };
    return containerLogs(client, { at, pod: replica.pod, container: containerName(workload) }, request);
  };
}

function isWanted({ spec }: StatefulSet, instance: number): boolean {
  return instance < (spec.replicas ?? 0);
}
