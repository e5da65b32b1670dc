import type { AdapterData } from "../../openapi/adapters.ts";
import type { PodSettings } from "../../openapi/pod.ts";
import type { SecretRef } from "../../openapi/workload.ts";
import type { PublishedKey } from "../assertion/keys.ts";

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

/** Where guards read the keys by which they know the gateway. */
export type KeyBoard = {
  /** As last seen; every gateway sees the same. */
  published(): readonly PublishedKey[];
  /** Throws, in words, when it cannot be done now. */
  publish(keys: readonly PublishedKey[]): Promise<void>;
};

/** Guards stand before the replicas of adapters: what they ask of the gateway. */
export type Guarding = {
  readonly keys: KeyBoard;
  /** Whom an assertion is for: the adapter of this name, here and nowhere else. */
  audienceOf(adapter: string): string;
  /** Uid of the one pod that an endpoint is in. */
  podOf(endpoint: Endpoint): string;
};

/**
 * An adapter that people run themselves where this runtime looks. `ending`: what is left of it is going, and says nothing of
 * itself any more; `unusable`: what there is of this name cannot be registered.
 */
export type FoundAdapter =
  | {
      readonly state: "usable";
      /** What its objects say of it. */
      readonly data: FoundData;
      /** Whether `replicaCount` is what somebody wants, or how many there happen to be. */
      readonly replicas: "wanted" | "counted";
    }
  | { readonly state: "ending" }
  | { readonly state: "unusable" };

export type FoundData = Pick<
  AdapterData,
  | "imageName"
  | "imageVersion"
  | "replicaCount"
  | "description"
  | "requiredRoles"
  | "allowedTools"
  | "exposeTools"
  | "affinity"
>;

/** The adapters that people run themselves: nothing of them is ever changed. Read from memory. */
export interface Found {
  /** As people wrote them: not each is a name that an adapter can have. */
  names(): readonly string[];
  /** Undefined when nothing by this name is left. */
  get(name: string): FoundAdapter | undefined;
  /** Calls back with the name after each change. Call what it returns to stop. */
  onChange(listener: (name: string) => void): () => void;
  /** Tells people, each thing once, what is wrong with it, and why it is not registered if it is not. For the leading gateway. */
  explain(name: string, refusal: string | undefined): void;
  status(workload: Workload): Promise<WorkloadStatus>;
  logs(name: string, request: LogRequest): Promise<Logs>;
  /** By what people call it, whoever else has the name: only for what is registered as found. */
  readonly endpoints: Endpoints;
}

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
  /** Undefined: no guards. */
  readonly guarding: Guarding | undefined;
  readonly found: Found;
  /** Calls back when a workload may have been changed or removed by somebody else. Call what it returns to stop. */
  onDrift(onChange: (name: string) => void): () => void;
}

/** Of several gateways on one store, the one whose reconciler works. */
export type Leadership = {
  leading(): boolean;
  onChange(listener: () => void): () => void;
};

/** Where nobody but the gateway runs anything. */
export const nothingFound: Found = {
  names: () => [],
  get: () => undefined,
  onChange: () => () => undefined,
  explain: () => undefined,
  status: async ({ replicaCount: desired }) => {
    const reason = "Nothing of it is here.";
    return { desired, ready: 0, updated: 0, image: "Unknown", observedRevision: null, reason, replicas: [] };
  },
  logs: async () => ({ state: "absent" }),
  endpoints: { of: () => none, subscribe: () => () => undefined },
};

const none: readonly Endpoint[] = [];
