import type { Variables, Workload } from "../runtime/runtime.ts";
import type { AdapterRecord, Resource, ToolRecord, WorkloadKind } from "../store/store.ts";

/** What there is to know of a resource before it is stored, too. */
type Wanted = Pick<Resource<WorkloadKind>, "kind" | "uid" | "revision" | "body">;

/** Where an MCP server listens in its container, as the Microsoft gateway has it. */
const adapterPort = 8000;

/** What a runtime needs to know of an adapter or a tool. */
export function workloadOf({ kind, uid, revision, body }: Wanted): Workload {
  return {
    kind,
    name: body.name,
    uid,
    imageName: body.imageName,
    imageVersion: body.imageVersion,
    environment: variablesOf(body),
    replicaCount: body.replicaCount,
    port: "toolDefinition" in body ? body.toolDefinition.port : adapterPort,
    pod: body.pod,
    useWorkloadIdentity: body.useWorkloadIdentity,
    revision,
  };
}

function variablesOf({ environmentVariables }: AdapterRecord | ToolRecord): Variables {
  const entries = Object.entries(environmentVariables).map(([name, variable]) => {
    const isKeptSecret = typeof variable === "object" && "secret" in variable;
    return [name, isKeptSecret ? { secret: variable.value ?? "" } : variable] as const;
  });
  return Object.fromEntries(entries);
}
