/** The few fields of a pod that are looked at here. What else there is, of whatever shape, stays as it is. */

export type Container = {
  readonly name: string;
  readonly image?: string;
  /** `Always` on an init container: a sidecar, running beside the others. */
  readonly restartPolicy?: string;
  readonly ports?: readonly ContainerPort[];
};

export type ContainerPort = {
  readonly name?: string;
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly protocol?: string;
};

export type Volume = { readonly name: string; readonly configMap?: { readonly name?: string } };

export type PodSpec = {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly hostNetwork?: boolean;
  readonly os?: { readonly name?: string };
  readonly nodeSelector?: Readonly<Record<string, string>>;
};

export type Pod = {
  readonly metadata?: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: PodSpec;
};
