import type { LogRequest, Logs } from "../runtime.ts";
import { type Answer, failureInWords } from "./api/answer.ts";
import type { KubeClient } from "./api/client.ts";
import type { StatefulSet } from "./api/objects.ts";
import type { ClusterView } from "./cluster-view.ts";
import { ownerOf } from "./objects/owner.ts";
import { podsOf, statusOfContainer } from "./objects/pods.ts";
import { containerName, type ObjectSettings } from "./objects/workload.ts";

/** The output of one replica's container, from the kubelet; of our own StatefulSets' pods only. */
export function replicaLogs({
  client,
  view,
  settings,
}: {
  client: Pick<KubeClient, "logs">;
  view: ClusterView;
  settings: ObjectSettings;
}) {
  return async (workload: string, { instance, tailLines, follow, previous, signal }: LogRequest): Promise<Logs> => {
    const statefulSet = view.statefulSet(workload);
    if (!statefulSet || ownerOf(statefulSet, settings).owner !== "ours") return { state: "absent" };
    const replica = podsOf(statefulSet, view.podsOf(workload)).find((pod) => pod.instance === instance);
    if (!replica) return isWanted(statefulSet, instance) ? { state: "starting" } : { state: "absent" };
    const { pod, name } = replica;
    const status = statusOfContainer(pod, workload);
    const hasRun = Boolean(status?.state?.running ?? status?.state?.terminated ?? status?.lastState?.terminated);
    if (!hasRun) return { state: "starting" };

    const container = containerName(workload);
    const query = { container, tailLines, follow, previous, signal };
    const open = () => client.logs({ namespace: settings.namespace, name, ...query });
    // The kubelet answers with the first line there is, which a silent container may be long in writing.
    if (follow) return { state: "open", lines: whenItComes(open) };
    return logsIn(await open(), name, previous);
  };
}

function logsIn(answer: Answer<ReadableStream<Uint8Array>>, pod: string, previous: boolean): Logs {
  if (answer.state === "ok") return { state: "open", lines: answer.object };
  // 400: the container is waiting to start, or has no run before this one.
  if (answer.state === "failed" && answer.status === 400) return { state: previous ? "absent" : "starting" };
  if (answer.state === "failed" && answer.status === 404) return { state: "absent" };
  throw new Error(`The logs of ${pod} cannot be read: ${failureInWords(answer)}`);
}

function isWanted({ spec }: StatefulSet, instance: number): boolean {
  return instance < (spec.replicas ?? 0);
}

function whenItComes(open: () => ReturnType<KubeClient["logs"]>): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  void open()
    .then((answer) =>
      answer.state === "ok" ? answer.object.pipeTo(writable) : writable.abort(new Error(failureInWords(answer))),
    )
    // Whoever follows has gone, or the container has.
    .catch(() => undefined);
  return readable;
}
