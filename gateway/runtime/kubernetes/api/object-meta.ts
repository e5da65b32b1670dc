/** As the server gives it. */
export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  /** Set: it is being removed. */
  readonly deletionTimestamp?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
};

export type Labels = Readonly<Record<string, string>>;

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export type KubeObject = { readonly apiVersion: string; readonly kind: string; readonly metadata: ObjectMeta };

/** As it is sent: what the server sets is left out. */
export type Draft<O extends KubeObject> = Omit<O, "metadata" | "status"> & {
  readonly metadata: Partial<Omit<ObjectMeta, "generation" | "creationTimestamp" | "deletionTimestamp">> & {
    readonly generateName?: string;
  };
};

export type LabelSelector = { readonly matchLabels?: Labels };

export type Condition = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
};
