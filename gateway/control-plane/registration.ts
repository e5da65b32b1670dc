import type { FoundAdapter, FoundData } from "../runtime/runtime.ts";
import { type AdapterRecord, managerOf, type Resource, type WorkloadKind } from "../store/store.ts";

/** What is known by one name. */
export type Known = {
  readonly found: FoundAdapter | undefined;
  /** How long `found` has been as it is. */
  readonly steadyMs: number;
  /** Whatever has the name. */
  readonly record: Resource<WorkloadKind> | undefined;
};

/** What to do about one name. `wait`: nothing yet, look again after so long. */
export type Registration =
  | { readonly state: "settled" }
  | { readonly state: "create"; readonly data: FoundData }
  | { readonly state: "update"; readonly record: Resource<"adapter">; readonly data: FoundData }
  | { readonly state: "remove"; readonly record: Resource<"adapter"> }
  | { readonly state: "purge"; readonly record: Resource<"adapter"> }
  | { readonly state: "wait"; readonly ms: number }
  | { readonly state: "refuse"; readonly why: string };

const settled: Registration = { state: "settled" };

/**
 * Brings the record of an adapter that people run themselves in line with what there is of it. It outlives its pods for
 * `lingerMs`, so that the rollout of a single pod ends no session; a number of replicas that nobody has asked for is written
 * down when it has been the same for as long, so that a rollout does not fill the audit trail.
 */
export function registrationOf({ found, steadyMs, record }: Known, lingerMs: number): Registration {
  if (!record) return found?.state === "usable" ? { state: "create", data: found.data } : settled;
  if (!isFound(record)) return found && found.state !== "ending" ? refusedFor(record) : settled;
  if (record.deleting) return { state: "purge", record };
  const isSteady = steadyMs >= lingerMs;
  const wait: Registration = { state: "wait", ms: lingerMs - steadyMs };
  switch (found?.state) {
    case "usable": {
      const changed = changesIn(record.body, found.data);
      if (changed.length === 0) return settled;
      const isCount = found.replicas === "counted" && changed.every((field) => field === "replicaCount");
      return isCount && !isSteady ? wait : { state: "update", record, data: found.data };
    }
    case "ending":
      return settled;
    case "unusable":
    case undefined:
      return isSteady ? { state: "remove", record } : wait;
  }
}

function isFound(record: Resource<WorkloadKind>): record is Resource<"adapter"> {
  return managerOf(record.body) === "kubernetes";
}

/** One that is being deleted is soon gone, and that will be told. */
function refusedFor({ kind, name, deleting }: Resource<WorkloadKind>): Registration {
  if (deleting) return settled;
  const holder = kind === "adapter" ? "an adapter" : "a tool";
  return { state: "refuse", why: `The name "${name}" is taken by ${holder} that was registered over REST.` };
}

function changesIn(body: FoundData, data: FoundData): (keyof FoundData)[] {
  const fields = Object.keys(data) as (keyof FoundData)[];
  return fields.filter((field) => !Bun.deepEquals(body[field], data[field]));
}

/** Whom records of what was found name as their maker, and the trail as who did it. */
export const maker = "kubernetes";

/** The first record of an adapter that was found. It belongs to nobody: keys of principals say where they are known. */
export function foundRecord(name: string, data: FoundData, at: string): AdapterRecord {
  return {
    id: name,
    name,
    ...data,
    environmentVariables: {},
    useWorkloadIdentity: false,
    pod: null,
    managedBy: "kubernetes",
    createdBy: maker,
    createdAt: at,
    lastUpdatedAt: at,
    owner: maker,
  };
}
