/** The few fields of Kubernetes objects that are written or read here; of objects that are read, all may be missing. */

export type Labels = Readonly<Record<string, string>>;

export type ObjectMeta = {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly {
    readonly kind?: string;
    readonly name?: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
};

/** Anything that has an owner. */
export type ClusterObject = { readonly kind?: string; readonly metadata?: ObjectMeta };

/** JSON that is merged and handed on, not looked into. */
export type Json = Readonly<Record<string, unknown>>;

export type PodTemplate = { readonly metadata: ObjectMeta; readonly spec: Json };

export type StatefulSet = ClusterObject & {
  readonly apiVersion?: "apps/v1";
  readonly kind?: "StatefulSet";
  readonly spec?: {
    readonly replicas?: number;
    /** Where its pods begin to count. */
    readonly ordinals?: { readonly start?: number };
    readonly serviceName?: string;
    readonly podManagementPolicy?: string;
    readonly updateStrategy?: { readonly type?: string };
    readonly revisionHistoryLimit?: number;
    readonly selector?: { readonly matchLabels?: Labels };
    readonly template?: { readonly metadata?: ObjectMeta; readonly spec?: Json | PodSpec };
  };
  readonly status?: { readonly observedGeneration?: number; readonly updateRevision?: string };
};

export type Service = ClusterObject & {
  readonly apiVersion?: "v1";
  readonly kind?: "Service";
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly selector?: Labels;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly targetPort?: number | string;
      readonly protocol?: string;
      readonly appProtocol?: string;
    }[];
  };
};

export type Container = {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly resources?: { readonly limits?: Labels };
};
export type PodSpec = {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
};

type Terminated = {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly startedAt?: string | null;
};
type ContainerState = {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: Terminated;
};
export type ContainerStatus = {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
};

export type Pod = ClusterObject & {
  readonly spec?: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
};

/** core/v1: what the controllers and the kubelet tell about an object. */
export type ClusterEvent = {
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string } | null;
};

export type EndpointSlice = ClusterObject & {
  readonly addressType?: string;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: {
          readonly ready?: boolean | null;
          readonly serving?: boolean | null;
          readonly terminating?: boolean | null;
        };
        readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
      }[]
    | null;
  readonly ports?: readonly { readonly name?: string | null; readonly port?: number | null }[] | null;
};
