import type { AdapterResource } from "../../openapi/adapters.ts";
import type { Workload } from "../runtime/runtime.ts";

/** What a runtime needs to know of an adapter. */
export function workloadOf(adapter: AdapterResource, uid: string): Workload {
  return {
    name: adapter.name,
    uid,
    imageName: adapter.imageName,
    imageVersion: adapter.imageVersion,
    environment: adapter.environmentVariables,
    replicaCount: adapter.replicaCount,
  };
}
