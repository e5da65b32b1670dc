import type { Condition } from "../../openapi/workload.ts";
import type { WorkloadStatus } from "../runtime/runtime.ts";

type Running = Pick<WorkloadStatus, "ready" | "updated" | "observedRevision" | "reason">;

/**
 * What is true of a workload, for programs and for people. `status` is what the runtime tells, undefined when it has nothing to
 * tell; `desired` replicas are wanted at `revision`.
 */
export function conditionsOf(status: Running | undefined, desired: number, revision: number): Condition[] {
  if (status === undefined) {
    const pending = { status: "Unknown", reason: "Pending", message: "The runtime has not taken it yet." } as const;
    return [
      { type: "Accepted", ...pending },
      { type: "Available", ...pending },
      { type: "Ready", ...pending },
    ];
  }
  return [accepted(status, revision), available(status, desired), ready(status, desired, revision)];
}

function accepted({ observedRevision, reason }: Running, revision: number): Condition {
  const type = "Accepted";
  if (isTaken(observedRevision, revision)) {
    return { type, status: "True", reason: "Accepted", message: `The runtime has taken revision ${revision}.` };
  }
  const taken = observedRevision === null ? "none" : `revision ${observedRevision}`;
  const message = reason ?? `The runtime has taken ${taken}; revision ${revision} is the latest.`;
  return { type, status: "False", reason: reason === null ? "Pending" : "NotTaken", message };
}

function available({ ready: count, reason }: Running, desired: number): Condition {
  const type = "Available";
  if (desired === 0) return { type, status: "True", reason: "ScaledToZero", message: "No replica is wanted." };
  if (count > 0) return { type, status: "True", reason: "Available", message: `${readyOf(count, desired)}.` };
  return { type, status: "False", reason: "NoReplicaReady", message: reason ?? "No replica is ready." };
}

function ready(
  { ready: count, updated, observedRevision, reason }: Running,
  desired: number,
  revision: number,
): Condition {
  const type = "Ready";
  // Until it is taken, what runs and is counted is something else.
  if (!isTaken(observedRevision, revision)) {
    return { type, status: "False", reason: "NotAccepted", message: `Revision ${revision} is not taken yet.` };
  }
  if (desired === 0) return { type, status: "True", reason: "ScaledToZero", message: "No replica is wanted." };
  if (count < desired) {
    const because = reason === null ? "." : `: ${reason}`;
    return { type, status: "False", reason: "ReplicasNotReady", message: `${readyOf(count, desired)}${because}` };
  }
  if (updated < desired) {
    const message = reason ?? `${updated} of ${desired} replicas run the latest settings.`;
    return { type, status: "False", reason: "RollingOut", message };
  }
  return { type, status: "True", reason: "Ready", message: `${readyOf(count, desired)}.` };
}

/** The runtime may already know of a newer one than whoever asks. */
function isTaken(observedRevision: number | null, revision: number): boolean {
  return observedRevision !== null && observedRevision >= revision;
}

function readyOf(count: number, desired: number): string {
  return `${count} of ${desired} replicas ${count === 1 ? "is" : "are"} ready`;
}
