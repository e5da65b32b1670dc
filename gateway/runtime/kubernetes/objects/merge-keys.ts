/** How the fields of a map are merged; what is not named is merged if it is a map and replaced if it is a list. */
export type MapRules = {
  readonly maps?: Readonly<Record<string, MapRules>>;
  readonly lists?: Readonly<Record<string, { readonly key: string; readonly items?: MapRules }>>;
};

const container: MapRules = {
  lists: {
    env: { key: "name" },
    ports: { key: "containerPort" },
    volumeDevices: { key: "devicePath" },
    volumeMounts: { key: "mountPath" },
  },
};

/** The lists of a pod template that have a `patchMergeKey` in core/v1; all others, tolerations among them, are atomic. */
export const podTemplateRules: MapRules = {
  maps: {
    spec: {
      lists: {
        containers: { key: "name", items: container },
        initContainers: { key: "name", items: container },
        hostAliases: { key: "ip" },
        imagePullSecrets: { key: "name" },
        resourceClaims: { key: "name" },
        schedulingGates: { key: "name" },
        topologySpreadConstraints: { key: "topologyKey" },
        volumes: { key: "name" },
      },
    },
  },
};
