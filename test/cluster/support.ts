import { until } from "../support/until.ts";
import type { OwnCluster } from "./cluster.ts";
import type { Container, Pod, PodSpec } from "./objects.ts";

/** The image that `programs/server.ts` goes by. */
export const webImage = "registry.test/web:1";
export const images = { [webImage]: [process.execPath, `${import.meta.dir}/programs/server.ts`] };
export const podLimitMs = 30_000;

/** A headless Service and a StatefulSet of the web image, as a list that `kubectl apply` takes. */
export function webSet(name: string, replicas: number, changes: { container?: Partial<Container>; pod?: object } = {}) {
  const labels = { app: name };
  const container = {
    name: "web",
    image: webImage,
    ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
    ...changes.container,
  };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `${name}-service` },
    spec: { clusterIP: "None", selector: labels, ports: [{ name: "http", port: 8080 }] },
  };
  const set = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name },
    spec: {
      replicas,
      serviceName: `${name}-service`,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 5, containers: [container], ...changes.pod },
      },
    },
  };
  return { apiVersion: "v1", kind: "List", items: [service, set] };
}

/** A pod of the web image, which runs once. */
export function webPod(name: string, spec: Partial<PodSpec> = {}): object {
  const containers = [{ name: "web", image: webImage }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 5, containers, ...spec },
  };
}

/** `kubectl apply`; throws with its words if it fails. */
export async function apply(cluster: OwnCluster, object: object): Promise<void> {
  const { exitCode, stderr } = await cluster.kubectl(["apply", "-f", "-"], JSON.stringify(object));
  if (exitCode !== 0) throw new Error(stderr);
}

export async function podOf(cluster: OwnCluster, name: string): Promise<Pod> {
  return await cluster.api.get<Pod>(`/api/v1/namespaces/default/pods/${name}`);
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Waits for a pod about which this holds, and gives it. */
export async function podThat(
  cluster: OwnCluster,
  name: string,
  what: string,
  holds: (pod: Pod) => boolean = isReady,
): Promise<Pod> {
  return await until(
    `pod ${name} ${what}`,
    async () => {
      const pod = await podOf(cluster, name).catch(() => undefined);
      return pod && holds(pod) ? pod : undefined;
    },
    podLimitMs,
  );
}
