import type { Api } from "../api.ts";
import type { Pod } from "../objects.ts";

/** Tells what happened to a pod's container as `kubectl describe` shows it. */
export type TellEvent = (type: "Normal" | "Warning", reason: string, message: string) => void;

/** An Event is told once and never repeated: an API server that is away misses it. */
export function podEvents(api: Api, pod: Pod, nodeName: string): (container: string) => TellEvent {
  const { name, namespace, uid } = pod.metadata;
  return (container) => (type, reason, message) => {
    const at = new Date().toISOString();
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: {
        apiVersion: "v1",
        kind: "Pod",
        name,
        namespace,
        uid,
        fieldPath: `spec.containers{${container}}`,
      },
      type,
      reason,
      message,
      source: { component: "kubelet", host: nodeName },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
    void api.create(`/api/v1/namespaces/${namespace}/events`, event).catch(() => {});
  };
}
