import type { Workload } from "../../gateway/runtime/runtime.ts";

/** One replica of `server`. */
export function workload(changes: Partial<Workload> = {}): Workload {
  return {
    kind: "adapter",
    name: "weather",
    uid: "uid-1",
    imageName: "server",
    imageVersion: "1",
    environment: {},
    replicaCount: 1,
    port: 8000,
    pod: null,
    useWorkloadIdentity: false,
    revision: 1,
    ...changes,
  };
}
