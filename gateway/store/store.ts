import type { AdapterData, AdapterResource } from "../../openapi/adapters.ts";
import type { AuditEntry, AuditQuery } from "../../openapi/audit.ts";
import type { ServerResource } from "../../openapi/servers.ts";
import type { ToolResource } from "../../openapi/tools.ts";

/** A workload as it is kept: with the values of its secrets, and the key of the principal who made it, where that is known. */
type Kept<Shown extends { environmentVariables: unknown }> = Omit<Shown, "environmentVariables"> & {
  readonly environmentVariables: AdapterData["environmentVariables"];
  readonly owner?: string;
};
/** Whoever manages it, if it is not the gateway. */
export type AdapterRecord = Omit<Kept<AdapterResource>, "managedBy"> & {
  readonly managedBy?: AdapterResource["managedBy"];
};
export type ToolRecord = Kept<ToolResource>;
export type ServerRecord = ServerResource & { readonly owner?: string };

/** What each kind of resource keeps. */
export type Bodies = { adapter: AdapterRecord; tool: ToolRecord; server: ServerRecord };
export type Kind = keyof Bodies;

/** Who makes what runs for it, and decides how: of most records nothing is kept, and it is the gateway. */
export function managerOf(body: Bodies[Kind]): AdapterResource["managedBy"] {
  return ("managedBy" in body ? body.managedBy : undefined) ?? "gateway";
}

/** The kinds for which workloads run. They share one set of names: those of the workloads. */
export const workloadKinds = ["adapter", "tool"] as const satisfies readonly Kind[];
export type WorkloadKind = (typeof workloadKinds)[number];

/** The kinds of which only one resource can have a name that one of `kind` has. */
export function kindsSharingNames(kind: Kind): readonly Kind[] {
  return workloadKinds.some((shared) => shared === kind) ? workloadKinds : [kind];
}

export type Resource<K extends Kind = Kind> = {
  readonly kind: K;
  readonly name: string;
  /** New at every creation, so that a deleted and recreated name is told apart. */
  readonly uid: string;
  /** Counts writes from 1. Every write names the revision it read. */
  readonly revision: number;
  /** Deletion is marked first; the record goes when the workload has been removed, if it has one. */
  readonly deleting: boolean;
  readonly body: Bodies[K];
};

/** Who did it, for the audit row that is written in the same transaction. */
export type Author = { readonly id: string; readonly requestId: string };

/** `exists` names who has the name, and whether it is being deleted. */
export type Created<K extends Kind> =
  { state: "written"; resource: Resource<K> } | { state: "exists"; kind: Kind; deleting: boolean };
export type Updated<K extends Kind> =
  { state: "written"; resource: Resource<K> } | { state: "absent" } | { state: "stale"; revision: number };

/** So many records at most, in order of name, from the first one after this name on. */
export type Page = { readonly after: string | undefined; readonly limit: number };

/** `reset`: changes may have been missed; read everything again. */
export type Change = { type: "changed"; kind: Kind; name: string } | { type: "reset" };

/** One tool call as it is kept; the fields are the contract's. Its text is such that every database can hold it. */
export type CallEntry = Omit<AuditEntry, "id" | "at" | "action" | "kind" | "revision"> & {
  readonly at: Date;
  readonly action: "call";
  readonly kind: Kind;
};

/** `unknown-cursor`: not one that this store gave out. */
export type AuditRead = { state: "read"; entries: AuditEntry[]; next: string | null } | { state: "unknown-cursor" };

/** An entry of the trail without its id, which is its store's own. */
export type TrailEntry = Omit<AuditEntry, "id">;

/** `exists`: nothing was written, because these have a name that is taken. */
export type Restored = { state: "written" } | { state: "exists"; names: { kind: Kind; name: string }[] };

/** So many at most in one call. */
export const maxRestored = 100;
export const maxRestoredEntries = 500;

/** The database is away or does not answer in time; the same may succeed later. The message is for the log. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** Resources under optimistic revisions. Each write and its audit row are one transaction, acknowledged once it is durable. */
export interface Store extends AsyncDisposable {
  get<K extends Kind>(kind: K, name: string): Promise<Resource<K> | undefined>;
  /** In ascending order of name (by code point), those being deleted included: all, or one page. */
  list<K extends Kind>(kind: K, page?: Page): Promise<Resource<K>[]>;
  create<K extends Kind>(kind: K, name: string, body: Bodies[K], author: Author): Promise<Created<K>>;
  /** Absent when there is none or it is being deleted; stale when `revision` is not the stored one. */
  update<K extends Kind>(kind: K, name: string, revision: number, body: Bodies[K], author: Author): Promise<Updated<K>>;
  markDeleting<K extends Kind>(kind: K, name: string, revision: number, author: Author): Promise<Updated<K>>;
  /** Takes the record away after its workload is gone. A record with another uid stays. */
  purge(kind: Kind, name: string, uid: string): Promise<void>;
  /**
   * Adds tool calls to the audit trail, all or none. Whoever repeats it because no answer came may have them twice.
   */
  recordCalls(entries: readonly CallEntry[]): Promise<void>;
  /** One page of the trail, newest first; of equal times the one written last. */
  audit(query: AuditQuery): Promise<AuditRead>;
  /** Takes away the oldest entries from before this time, `max` of them at most; says how many. */
  purgeAudit(before: Date, max: number): Promise<number>;
  /** Calls back after each committed write, by whichever gateway. Resolves once listening; call what it returns to stop. */
  subscribe(onChange: (change: Change) => void): Promise<() => Promise<void>>;
  /** Milliseconds since subscribers were last certain to have been told of every write; undefined while there is none. */
  changesAgeMs(): number | undefined;
}

/**
 * A store that takes what another one had, as it was. Only `transfer/` asks for this: a gateway has no such power. What is
 * restored is told to subscribers and leaves no row in the trail.
 */
export interface RestorableStore extends Store {
  /** Writes resources with their uid, revision and mark of deletion: all or none, {@link maxRestored} at most. */
  restore(resources: readonly Resource[]): Promise<Restored>;
  /** Adds entries with their times, of whichever action: all or none, {@link maxRestoredEntries} at most. */
  restoreAudit(entries: readonly TrailEntry[]): Promise<void>;
}
