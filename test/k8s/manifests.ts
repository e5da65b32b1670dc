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
  readonly env: readonly { readonly name: string }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
} & Readonly<Record<"startupProbe" | "livenessProbe" | "readinessProbe", Probe>>;
type Probe = { readonly httpGet: { readonly path: string } };
export type Volume = {
  readonly name: string;
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
  const [deployment] = all<Deployment>("Deployment");
  const [container] = deployment?.spec.template.spec.containers ?? [];
  const [settings] = all<Manifest & { data: Labels }>("ConfigMap");
  if (!deployment || !container || !settings) throw new Error(`${file} has no gateway in it`);
  return { folder, objects, all, deployment, pod: deployment.spec.template.spec, container, settings: settings.data };

  function all<Kind extends Manifest>(kind: string): Kind[] {
    return objects.filter((object): object is Kind => object.kind === kind);
  }
}

export function manifestsIn(text: string): Manifest[] {
  return [Bun.YAML.parse(text)].flat() as Manifest[];
}
