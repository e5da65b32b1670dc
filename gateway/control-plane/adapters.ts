import type { AdapterData, AdapterStatus } from "../../openapi/adapters.ts";
import type { Access, Verb } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import type { Events } from "../observe/events.ts";
import type { LogRequest, Logs, Runtime } from "../runtime/runtime.ts";
import type { AdapterRecord, Resource, Store } from "../store/store.ts";
import type { Reconciler } from "./reconcile.ts";
import { type Refusal, refused } from "./refusal.ts";
import { keepSecrets } from "./secrets.ts";
import { workloadOf } from "./workload.ts";

export type Adapter = Resource<"adapter">;
export type AdapterVerbs = ReturnType<typeof adapterVerbs>;
type Found = { state: "found"; adapter: Adapter };
type Written = { state: "written"; adapter: Adapter };

/** Names one state of one adapter: a recreated one counts from 1 again, so its identity is part of the tag. */
export function tagOf({ uid, revision }: Adapter): string {
  return `${uid.slice(0, 8)}-${revision}`;
}

/** How often a write without If-Match starts over when another one came between its read and its write. */
const maxRaces = 5;

/**
 * What may be done with adapters, and by whom. Every mutation goes through here: it is checked, written with its audit
 * row, and handed to the reconciler. The sentences are the Microsoft gateway's where it had one.
 */
export function adapterVerbs({
  access,
  store,
  runtime,
  reconciler,
  events,
  now,
}: {
  access: Access;
  store: Store;
  runtime: Runtime;
  reconciler: Reconciler;
  events: Events;
  now: () => Date;
}) {
  return { create, list, get, update, remove, status, logs };

  async function create(principal: Principal, data: AdapterData, requestId: string): Promise<Written | Refusal> {
    if (data.useWorkloadIdentity && !access.mayUseWorkloadIdentity(principal)) return noWorkloadIdentity();
    const at = now().toISOString();
    const made = { createdBy: principal.id, createdAt: at, lastUpdatedAt: at, owner: principal.key };
    const kept = keepSecrets(data.environmentVariables, {});
    if (kept.state === "missing") return noSecret(kept.name);
    const body = { id: data.name, ...data, ...made, environmentVariables: kept.variables };
    const refusal = runtime.refusal(workloadOf(body, ""));
    if (refusal !== undefined) return refused("unrunnable", refusal);

    const created = await store.create("adapter", data.name, body, { id: principal.id, requestId });
    if (created.state === "exists") {
      const reason = created.deleting ? "The adapter with the same name is still being deleted." : alreadyExists;
      return refused("exists", reason);
    }
    return accepted("create", created.resource, principal, requestId);
  }

  async function list(principal: Principal): Promise<Adapter[]> {
    const adapters = await store.list("adapter");
    return adapters.filter((adapter) => !adapter.deleting && access.may(principal, "read", adapter.body));
  }

  async function get(principal: Principal, name: string): Promise<Found | Refusal> {
    return find(principal, name, "read", "The adapter does not exist.");
  }

  async function update(
    principal: Principal,
    name: string,
    data: AdapterData,
    expected: string | undefined,
    requestId: string,
  ): Promise<Written | Refusal> {
    if (data.name !== name) return refused("invalid", "Adapter name in URL and body must match.");
    for (let race = 0; race < maxRaces; race++) {
      const found = await find(principal, name, "write", "The adapter does not exist and cannot be updated.");
      if (found.state === "refused") return found;
      if (expected !== undefined && expected !== tagOf(found.adapter)) return stale();
      const revised = revise(found.adapter, data);
      if (revised.state === "refused") return revised;

      const { revision } = found.adapter;
      const { body } = revised;
      const updated = await store.update("adapter", name, revision, body, { id: principal.id, requestId });
      if (updated.state === "written") return accepted("update", updated.resource, principal, requestId);
    }
    return tooManyRaces();
  }

  /** What would be stored, if that can be. */
  function revise(
    { body: before, uid }: Adapter,
    data: AdapterData,
  ): { state: "revised"; body: AdapterRecord } | Refusal {
    if (data.useWorkloadIdentity !== before.useWorkloadIdentity) return refused("invalid", identityIsFixed);
    const kept = keepSecrets(data.environmentVariables, before.environmentVariables);
    if (kept.state === "missing") return noSecret(kept.name);
    const changed = { environmentVariables: kept.variables, lastUpdatedAt: now().toISOString() };
    const body = { ...before, ...data, ...changed };
    const refusal = runtime.refusal(workloadOf(body, uid));
    return refusal === undefined ? { state: "revised", body } : refused("unrunnable", refusal);
  }

  /** Resolves once the replicas are gone, or after a while when they take long; the name is reserved until then. */
  async function remove(
    principal: Principal,
    name: string,
    expected: string | undefined,
    requestId: string,
  ): Promise<Written | Refusal> {
    for (let race = 0; race < maxRaces; race++) {
      const found = await find(principal, name, "write", "The adapter does not exist.");
      if (found.state === "refused") return found;
      if (expected !== undefined && expected !== tagOf(found.adapter)) return stale();
      const marked = await store.markDeleting("adapter", name, found.adapter.revision, { id: principal.id, requestId });
      if (marked.state !== "written") continue;
      const written = await accepted("delete", marked.resource, principal, requestId);
      await reconciler.settled(name);
      return written;
    }
    return tooManyRaces();
  }

  async function status(
    principal: Principal,
    name: string,
  ): Promise<{ state: "found"; status: AdapterStatus } | Refusal> {
    const found = await get(principal, name);
    if (found.state === "refused") return found;
    const running = await runtime.status(name);
    const desired = found.adapter.body.replicaCount;
    const ready = running?.ready ?? 0;
    return {
      state: "found",
      status: {
        readyReplicas: ready,
        updatedReplicas: running?.updated ?? 0,
        availableReplicas: ready,
        image: running?.image ?? "Unknown",
        replicaStatus: ready >= desired ? "Healthy" : `Degraded: ${ready}/${desired} ready`,
        replicas: running?.replicas.map((replica) => ({ ...replica })) ?? [],
      },
    };
  }

  async function logs(principal: Principal, name: string, request: LogRequest): Promise<Logs | Refusal> {
    const found = await get(principal, name);
    return found.state === "refused" ? found : runtime.logs(name, request);
  }

  async function find(principal: Principal, name: string, verb: Verb, absent: string): Promise<Found | Refusal> {
    const adapter = await store.get("adapter", name);
    if (!adapter || adapter.deleting) return refused("absent", absent);
    if (!access.may(principal, verb, adapter.body)) {
      return refused("forbidden", `You do not have permission to ${verb} this adapter.`);
    }
    return { state: "found", adapter };
  }

  /** Resolves when this gateway's data plane sees the write too, so that the caller can use what it was just told of. */
  async function accepted(action: string, adapter: Adapter, principal: Principal, requestId: string): Promise<Written> {
    const { kind, name, revision } = adapter;
    events.resourceWritten({ action, kind, name, revision, by: principal.id, requestId });
    await reconciler.observe(name);
    return { state: "written", adapter };
  }
}

const alreadyExists = "The adapter with the same name already exist.";
const identityIsFixed =
  "UseWorkloadIdentity cannot be changed after creation. Delete and recreate the adapter instead.";

function noSecret(name: string): Refusal {
  return refused("invalid", `environmentVariables.${name}: There is no secret value to keep; send one.`);
}

function noWorkloadIdentity(): Refusal {
  return refused("forbidden", "You do not have permission to run a workload under a cloud identity.");
}

function stale(): Refusal {
  return refused("stale", "The adapter was changed since you read it. Read it again, then repeat the change.");
}

function tooManyRaces(): Refusal {
  return refused("exists", "The adapter was changed by others at the same moment. Try again.");
}
