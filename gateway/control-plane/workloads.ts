import type { AdapterData } from "../../openapi/adapters.ts";
import type { ToolData } from "../../openapi/tools.ts";
import type { WorkloadStatus } from "../../openapi/workload.ts";
import type { Principal } from "../auth/principal.ts";
import type { LogRequest, Logs, Runtime, Workload } from "../runtime/runtime.ts";
import { type Bodies, managerOf, type Resource, type WorkloadKind } from "../store/store.ts";
import { conditionsOf } from "./conditions.ts";
import { templateRefusal } from "./pod-template.ts";
import { type Refusal, refused } from "./refusal.ts";
import { misnamed, type ResourceParts, resourceVerbs, type Revised, type Written } from "./resources.ts";
import { keepSecrets } from "./secrets.ts";
import { whyUnkeepable } from "./unkeepable.ts";
import { workloadOf } from "./workload.ts";

/** What callers write of each kind. */
type Data = { adapter: AdapterData; tool: ToolData };

export type WorkloadParts = ResourceParts & { readonly runtime: Runtime };

/** The verbs of a kind for which a workload runs: the runtime is asked whether it can, and how it does. */
export function workloadVerbs<K extends WorkloadKind>({ kind, runtime, ...parts }: WorkloadParts & { kind: K }) {
  const { access } = parts;
  const { maker, add, list, get, revise, remove } = resourceVerbs({ kind, ...parts });
  return { create, list, get, update, remove, status, logs };

  async function create(principal: Principal, data: Data[K], requestId: string): Promise<Written<K> | Refusal> {
    if (data.useWorkloadIdentity && !access.mayUseWorkloadIdentity(principal)) return noWorkloadIdentity();
    const podRefusal = whyNotThisPod(principal, data, null);
    if (podRefusal) return podRefusal;
    const kept = keepSecrets(data.environmentVariables, {});
    if (kept.state === "missing") return noSecret(kept.name);
    const made = { id: data.name, ...data, ...maker(principal), environmentVariables: kept.variables };
    // Written data and what its making adds are the body, of either kind.
    const body = made as unknown as Bodies[K];
    return whyNotRun(workloadOf({ kind, uid: "", revision: 1, body })) ?? add(principal, body, requestId);
  }

  async function update(
    principal: Principal,
    name: string,
    data: Data[K],
    expected: string | undefined,
    requestId: string,
  ): Promise<Written<K> | Refusal> {
    if (data.name !== name) return misnamed(kind);
    return revise(principal, name, expected, requestId, (before, at) => changed(principal, before, data, at));
  }

  /** What would be stored, if that can be. */
  function changed(principal: Principal, stored: Resource<K>, data: Data[K], at: string): Revised<K> | Refusal {
    const { uid, revision, body: before } = stored;
    if (data.useWorkloadIdentity !== before.useWorkloadIdentity) return identityIsFixed(kind);
    const podRefusal = whyNotThisPod(principal, data, before.pod);
    if (podRefusal) return podRefusal;
    const kept = keepSecrets(data.environmentVariables, before.environmentVariables);
    if (kept.state === "missing") return noSecret(kept.name);
    const body = { ...before, ...data, environmentVariables: kept.variables, lastUpdatedAt: at };
    return whyNotRun(workloadOf({ kind, uid, revision: revision + 1, body })) ?? { state: "revised", body };
  }

  function whyNotThisPod(principal: Principal, { pod }: Data[K], stored: Bodies[K]["pod"]): Refusal | undefined {
    const unkeepable = whyUnkeepable(pod);
    if (unkeepable !== undefined) return refused("invalid", `pod: ${unkeepable}`);
    return templateRefusal(pod, stored, access.isAdmin(principal));
  }

  function whyNotRun(workload: Workload): Refusal | undefined {
    const refusal = runtime.refusal(workload);
    return refusal && refused(refusal.why === "taken" ? "exists" : "unrunnable", refusal.detail);
  }

  async function status(
    principal: Principal,
    name: string,
  ): Promise<{ state: "found"; resource: Resource<K>; status: WorkloadStatus } | Refusal> {
    const found = await get(principal, name);
    if (found.state === "refused") return found;
    const { revision, body } = found.resource;
    const isFound = managerOf(body) === "kubernetes";
    const running = await (isFound ? runtime.found : runtime).status(workloadOf(found.resource));
    // Of one that was found, the cluster knows better than the record.
    const desired = (isFound ? running?.desired : undefined) ?? body.replicaCount;
    const ready = running?.ready ?? 0;
    return {
      ...found,
      status: {
        readyReplicas: ready,
        updatedReplicas: running?.updated ?? 0,
        availableReplicas: ready,
        image: running?.image ?? "Unknown",
        replicaStatus: ready >= desired ? "Healthy" : `Degraded: ${ready}/${desired} ready`,
        reason: running?.reason ?? null,
        observedRevision: running?.observedRevision ?? null,
        conditions: conditionsOf(running, desired, revision),
        replicas: running?.replicas.map((replica) => ({ ...replica })) ?? [],
      },
    };
  }

  async function logs(principal: Principal, name: string, request: LogRequest): Promise<Logs | Refusal> {
    const found = await get(principal, name);
    if (found.state === "refused") return found;
    return (managerOf(found.resource.body) === "kubernetes" ? runtime.found : runtime).logs(name, request);
  }
}

function identityIsFixed(kind: WorkloadKind): Refusal {
  const sentence = "UseWorkloadIdentity cannot be changed after creation.";
  return refused("invalid", `${sentence} Delete and recreate the ${kind} instead.`);
}

function noSecret(name: string): Refusal {
  return refused("invalid", `environmentVariables.${name}: There is no secret value to keep; send one.`);
}

function noWorkloadIdentity(): Refusal {
  return refused("forbidden", "You do not have permission to run a workload under a cloud identity.");
}
