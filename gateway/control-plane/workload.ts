import type { Variables, Workload } from "../runtime/runtime.ts";
import type { AdapterRecord } from "../store/store.ts";

/** What a runtime needs to know of an adapter. */
export function workloadOf(adapter: AdapterRecord, uid: string): Workload {
  return {
    name: adapter.name,
    uid,
    imageName: adapter.imageName,
    imageVersion: adapter.imageVersion,
    environment: variablesOf(adapter),
    replicaCount: adapter.replicaCount,
  };
}

function variablesOf({ environmentVariables }: AdapterRecord): Variables {
  const entries = Object.entries(environmentVariables).map(([name, variable]) => {
    const isKeptSecret = typeof variable === "object" && "secret" in variable;
    return [name, isKeptSecret ? (variable.value ?? "") : variable] as const;
  });
  return Object.fromEntries(entries);
}
