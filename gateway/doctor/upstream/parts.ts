import type { WorkloadStatus } from "../../../openapi/workload.ts";
import type { Endpoint } from "../../runtime/runtime.ts";
import type { StepTools } from "../diagnose.ts";
import type { DoctorLimits } from "../limits.ts";
import type { Send } from "../send.ts";

/** What the steps against an adapter's replicas work with. */
export type UpstreamParts = StepTools & {
  readonly endpoints: readonly Endpoint[];
  readonly replicaCount: number;
  /** What the runtime says; undefined when it cannot be read now. */
  readonly status: () => Promise<WorkloadStatus | undefined>;
  /** The way to one replica, in the caller's name. */
  readonly sendTo: (endpoint: Endpoint) => Send;
  /** A guard stands before each replica and lets nobody else pass. */
  readonly isGuarded: boolean;
  readonly limits: DoctorLimits;
  readonly newId: () => string;
};
