import type { PodSettings } from "../../openapi/pod.ts";
import type { SecretRef } from "../../openapi/workload.ts";

/** By reference the runtime reads secrets itself, where it runs the workload; `secret` is a value that the store keeps. */
export type Variables = Readonly<
  Record<string, string | { readonly secretRef: SecretRef } | { readonly secret: string }>
>;

/** Something a runtime keeps alive: so and so many replicas of one image. Names are unique over all kinds. */
export type Workload = {
  readonly kind: "adapter" | "tool";
  readonly name: string;
  /** Of the resource it belongs to. */
  readonly uid: string;
  readonly imageName: string;
  readonly imageVersion: string;
  readonly environment: Variables;
  readonly replicaCount: number;
  /** Where the program listens, in a container. Where replicas share one address they are given a PORT instead. */
  readonly port: number;
  /** Of a cluster's replicas; null for the defaults. */
  readonly pod: PodSettings | null;
  readonly useWorkloadIdentity: boolean;
  /** Of the record it was made from. */
  readonly revision: number;
};

/** Why a workload cannot run here, in words for whoever asked. `taken`: its name belongs to something else. */
export type WorkloadRefusal = { readonly why: "unrunnable" | "taken"; readonly detail: string };

/** Where one replica takes requests. */
export type Endpoint = {
  /** Identity of this very replica: a restarted or replaced one has another. No dots. */
  readonly id: string;
  /** `{workload}-{instance}` */
  readonly name: string;
  /** `http://host:port`, without a path. */
  readonly origin: string;
  /** `ready` takes new sessions; `draining` keeps those it has until it is gone. */
  readonly state: "ready" | "draining";
};

/** Live endpoints, read on every request: synchronous, from memory. */
export interface Endpoints {
  /** Those that are ready or draining; the same array until something changes. */
  of(workload: string): readonly Endpoint[];
  /** Calls back with the workload's name after each change. */
  subscribe(onChange: (workload: string) => void): () => void;
}

export type ReplicaStatus = {
  readonly name: string;
  readonly instance: number;
  /** `waiting`: it ended and is started again after a pause. */
  readonly state: "starting" | "ready" | "draining" | "waiting";
  readonly restarts: number;
  /** Why it is not ready, in words. */
  readonly reason: string | null;
};

export type WorkloadStatus = {
  readonly desired: number;
  readonly ready: number;
  /** Replicas that run the latest image and environment. */
  readonly updated: number;
  readonly image: string;
  /** Revision of the record that the runtime has taken as desired; null when it has none. */
  readonly observedRevision: number | null;
  /** Why the runtime does not have it as wanted, in words; null when it does. */
  readonly reason: string | null;
  readonly replicas: readonly ReplicaStatus[];
};

export type LogRequest = {
  readonly instance: number;
  readonly tailLines: number;
  readonly follow: boolean;
  /** Of the run before the present one, where that is kept. */
  readonly previous: boolean;
  readonly signal: AbortSignal;
};
/** `absent`: there is no such instance. `starting`: it has not run yet. */
export type Logs = { state: "absent" } | { state: "starting" } | { state: "open"; lines: ReadableStream<Uint8Array> };

/** Runs workloads. The reconciler calls apply and remove again and again: both are idempotent and may be called at any time. */
export interface Runtime extends AsyncDisposable {
  /** Why this workload cannot run here, from memory; undefined when it can. */
  refusal(workload: Workload): WorkloadRefusal | undefined;
  /** Takes the workload as the desired state; resolves when that is accepted, not when replicas are ready. */
  apply(workload: Workload): Promise<void>;
  /** Resolves when every replica is gone. What belongs to something else stays. */
  remove(name: string): Promise<void>;
  /** Names of all workloads it has, so that leftovers can be removed. */
  names(): Promise<string[]>;
  /** How this workload is; undefined when there is nothing to tell. */
  status(workload: Workload): Promise<WorkloadStatus | undefined>;
  logs(name: string, request: LogRequest): Promise<Logs>;
  readonly endpoints: Endpoints;
  /** Calls back when a workload may have been changed or removed by somebody else. Call what it returns to stop. */
  onDrift(onChange: (name: string) => void): () => void;
}

/** Of several gateways on one store, the one whose reconciler works. */
export type Leadership = {
  leading(): boolean;
  onChange(listener: () => void): () => void;
};
