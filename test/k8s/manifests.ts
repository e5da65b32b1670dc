import { rendered } from "../../k8s/render.ts";

/** As much of any object as these tests read. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
  };
};
export type Labels = Readonly<Record<string, string>>;

export type Deployment = Manifest & {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  };
};
export type PodSpec = {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly topologySpreadConstraints: readonly { readonly labelSelector: { readonly matchLabels: Labels } }[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
};
export type Container = {
  readonly image: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly configMapKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
} & Readonly<Record<"startupProbe" | "livenessProbe" | "readinessProbe", Probe>>;
type Probe = { readonly httpGet: { readonly path: string } };
export type Volume = {
  readonly name: string;
  readonly configMap?: { readonly name: string; readonly optional: boolean };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly projected?: {
    readonly sources: readonly { readonly secret: { readonly items: readonly { path: string }[] } }[];
  };
  readonly csi?: { readonly volumeAttributes: { readonly secretProviderClass: string } };
};

export type Rules = readonly {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}[];

export type Rendering = Awaited<ReturnType<typeof renderingIn>>;

/** What each overlay amounts to, as it is kept. */
export const renderings = await Promise.all(rendered.map(renderingIn));

async function renderingIn({ folder, file }: (typeof rendered)[number]) {
  const objects = manifestsIn(await Bun.file(`${import.meta.dir}/../../${file}`).text());
  const gateway = programIn(named("Deployment", "mcp-gateway"));
  const injector = programIn(named("Deployment", "mcp-gateway-injector"));
  const settings = all<Manifest & { data?: Labels }>("ConfigMap").find(({ metadata }) =>
    metadata.name.startsWith("mcp-gateway-settings-"),
  );
  if (!settings?.data) throw new Error(`${file} has no settings in it`);
  return { folder, objects, all, ...gateway, injector, settings: settings.data };

  function named(kind: string, name: string): Deployment {
    const found = all<Deployment>(kind).find(({ metadata }) => metadata.name === name);
    if (!found) throw new Error(`${file} has no ${kind} ${name} in it`);
    return found;
  }

  function all<Kind extends Manifest>(kind: string): Kind[] {
    return objects.filter((object): object is Kind => object.kind === kind);
  }
}

function programIn(deployment: Deployment) {
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  if (!container) throw new Error(`${deployment.metadata.name} has no container`);
  return { deployment, pod, container };
}

export function manifestsIn(text: string): Manifest[] {
  return [Bun.YAML.parse(text)].flat() as Manifest[];
}
