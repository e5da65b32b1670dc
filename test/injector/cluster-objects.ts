import { type Manifest, manifestsIn } from "../k8s/manifests.ts";

/** Namespace of injectors and adapters, and the name of all that is the injectors'. */
export const namespace = "adapter";
export const injector = "mcp-gateway-injector";

const labels = { "app.kubernetes.io/name": injector };
const metadata = { name: injector, namespace };

/** What people install. */
const shipped = manifestsIn(await Bun.file(`${import.meta.dir}/../../k8s/install.yaml`).text()).filter(
  (object) => object.metadata.name === injector,
);

/** All that an injector may do. */
export const rights = shipped.filter(({ kind }) => kind === "ServiceAccount" || /Role/.test(kind));

type WebhookConfiguration = Manifest & { readonly webhooks: readonly object[] };

/** Without a caBundle: that is theirs to write. */
export const webhookConfiguration = shipped.find(
  (object): object is WebhookConfiguration => object.kind === "MutatingWebhookConfiguration",
) as WebhookConfiguration;

/** Two injectors, whose certificates last seconds. */
export function injectorObjects(kubeconfig: string): object[] {
  const settings = {
    KUBECONFIG: kubeconfig,
    GUARD_IMAGE: "guard:1",
    GUARD_LOG_LEVEL: "info",
    CERTIFICATE_AUTHORITY_SECONDS: "90",
    CERTIFICATE_SECONDS: "30",
    CERTIFICATE_SETTLE_SECONDS: "3",
    CERTIFICATE_LOOK_SECONDS: "0.5",
    SHUTDOWN_DELAY_SECONDS: "1",
  };
  const probe = (path: string) => ({ httpGet: { path, port: "health" }, periodSeconds: 1 });
  const container = {
    name: "injector",
    image: "injector:1",
    env: [
      ...Object.entries(settings).map(([name, value]) => ({ name, value })),
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
    ],
    ports: [
      { name: "webhook", containerPort: 8443 },
      { name: "health", containerPort: 8080 },
    ],
    startupProbe: probe("/healthz"),
    readinessProbe: probe("/readyz"),
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
  };
  const spec = {
    serviceAccountName: injector,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 15,
    containers: [container],
  };
  return [
    { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque" },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ name: "webhook", port: 443, targetPort: "webhook" }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  ];
}

/** A pod of somebody's MCP server. */
export function adapterPod(name: string, changes: { labels?: object; spec?: object; namespace?: string } = {}) {
  const container = { name: "server", image: "weather:1", ports: [{ name: "mcp", containerPort: 8080 }] };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: changes.namespace ?? namespace,
      labels: { "mcp-gateway/adapter": "weather", ...changes.labels },
    },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [container],
      ...changes.spec,
    },
  };
}
