import type { Variables, Workload } from "../runtime/runtime.ts";
import type { AdapterRecord, ToolRecord, WorkloadKind } from "../store/store.ts";

/** Where an MCP server listens in its container, as the Microsoft gateway has it. */
const adapterPort = 8000;

/** What a runtime needs to know of an adapter or a tool. */
export function workloadOf(kind: WorkloadKind, body: AdapterRecord | ToolRecord, uid: string): Workload {
  return {
    kind,
    name: body.name,
    uid,
    imageName: body.imageName,
    imageVersion: body.imageVersion,
    environment: variablesOf(body),
    replicaCount: body.replicaCount,
    port: "toolDefinition" in body ? body.toolDefinition.port : adapterPort,
  };
}

function variablesOf({ environmentVariables }: AdapterRecord | ToolRecord): Variables {
  const entries = Object.entries(environmentVariables).map(([name, variable]) => {
    const isKeptSecret = typeof variable === "object" && "secret" in variable;
    return [name, isKeptSecret ? (variable.value ?? "") : variable] as const;
  });
  return Object.fromEntries(entries);
}
