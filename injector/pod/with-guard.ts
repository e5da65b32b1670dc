import { guardContainer, guardHealthPort, guardPort, jwksConfigMap, jwksDirectory, jwksFile } from "./names.ts";
import type { Container, PodSpec } from "./shapes.ts";

/** What all guards of one gateway have in common. */
export type GuardSettings = {
  /** The gateway's own image, of whatever version. */
  readonly image: string;
  /** LOG_LEVEL and OTEL_* as the guards shall have them. */
  readonly variables: Readonly<Record<string, string>>;
};

/** Whose replica a pod is, and where its server listens. */
export type Guarded = { readonly adapter: string; readonly port: number };

/** The pod has its guard already, whichever version of it. */
export function hasGuard({ initContainers }: Pick<PodSpec, "initContainers">): boolean {
  return (
    initContainers?.some(({ name, restartPolicy }) => name === guardContainer && restartPolicy === "Always") ?? false
  );
}

/**
 * The same pod with a guard before its server: one container and one volume more, and nothing else changed. A pod that has one
 * is given back as it is. The guard is a native sidecar (Kubernetes 1.29), the last of the init containers, so that those of the
 * pod do their work as before.
 */
export function withGuard<Spec extends PodSpec>(spec: Spec, guarded: Guarded, settings: GuardSettings): Spec {
  if (hasGuard(spec)) return spec;
  const { initContainers = [], volumes = [] } = spec;
  return {
    ...spec,
    initContainers: [...initContainers, guardOf(guarded, settings)],
    volumes: [...volumes.filter(({ name }) => name !== jwksConfigMap), keysVolume],
  };
}

/** Optional: without keys the guard runs, is not ready, and says why. */
const keysVolume = { name: jwksConfigMap, configMap: { name: jwksConfigMap, optional: true } };

/** Any but root; the image's own. */
const user = 10001;

function guardOf({ adapter, port }: Guarded, { image, variables }: GuardSettings): Container {
  const container = {
    name: guardContainer,
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["injector/guard/main.ts"],
    restartPolicy: "Always",
    env: [
      { name: "GUARD_ADAPTER", value: adapter },
      { name: "GUARD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "GUARD_POD_UID", valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } },
      // In the pod, so that a server may listen on loopback only.
      { name: "GUARD_UPSTREAM", value: `http://127.0.0.1:${port}` },
      { name: "GUARD_JWKS", value: `${jwksDirectory}/${jwksFile}` },
      ...Object.entries(variables).map(([name, value]) => ({ name, value: literal(value) })),
    ],
    ports: [
      { name: "guard", containerPort: guardPort, protocol: "TCP" },
      { name: "guard-health", containerPort: guardHealthPort, protocol: "TCP" },
    ],
    startupProbe: { httpGet: { path: "/healthz", port: guardHealthPort }, periodSeconds: 1, failureThreshold: 120 },
    readinessProbe: { httpGet: { path: "/readyz", port: guardHealthPort }, periodSeconds: 5, failureThreshold: 3 },
    resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "256Mi" } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [{ name: jwksConfigMap, mountPath: jwksDirectory, readOnly: true }],
  };
  return container;
}

/** The kubelet replaces $(NAME) and halves $$; doubled dollars arrive as they were written. */
function literal(value: string): string {
  return value.replace(/\$(?=[$(])/g, "$$$$");
}
