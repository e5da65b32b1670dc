import type { LogRequest, Logs } from "../runtime.ts";
import { type Answer, failureInWords } from "./api/answer.ts";
import type { KubeClient } from "./api/client.ts";
import { statusOfContainer } from "./objects/pods.ts";
import type { Pod } from "./objects/shapes.ts";

/** The output of one container of a pod, from the kubelet. */
export async function containerLogs(
  client: Pick<KubeClient, "logs">,
  { at, pod, container }: { at: { namespace: string; name: string }; pod: Pod; container: string },
  { tailLines, follow, previous, signal }: LogRequest,
): Promise<Logs> {
  const { state, lastState } = statusOfContainer(pod, container) ?? {};
  const hasRun = Boolean(state?.running ?? state?.terminated ?? lastState?.terminated);
  if (!hasRun) return { state: "starting" };

  const open = () => client.logs({ ...at, container, tailLines, follow, previous, signal });
  // The kubelet answers with the first line there is, which a silent container may be long in writing.
  if (follow) return { state: "open", lines: whenItComes(open) };
  return logsIn(await open(), at.name, previous);
}

function logsIn(answer: Answer<ReadableStream<Uint8Array>>, pod: string, previous: boolean): Logs {
  if (answer.state === "ok") return { state: "open", lines: answer.object };
  // 400: the container is waiting to start, or has no run before this one.
  if (answer.state === "failed" && answer.status === 400) return { state: previous ? "absent" : "starting" };
  if (answer.state === "failed" && answer.status === 404) return { state: "absent" };
  throw new Error(`The logs of ${pod} cannot be read: ${failureInWords(answer)}`);
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
