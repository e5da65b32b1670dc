import type { OwnCluster } from "../cluster/cluster.ts";
import { withGuard } from "../../injector/pod/with-guard.ts";
import { gatewayImage, namespace } from "./support.ts";

/** What people write who run an MCP server themselves, and how they apply it. */

type Written = {
  readonly name: string;
  /** The label's value; the name where it is left out. */
  readonly adapter?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
};

const forDevelopers = { "mcp-gateway/required-roles": "mcp.dev" };

const labelsOf = ({ name, adapter = name, labels }: Written) => ({
  app: name,
  "mcp-gateway/adapter": adapter,
  ...labels,
});

function podSpec(image = "mcp-example:1") {
  const server = {
    name: "server",
    image,
    env: [{ name: "PORT", value: "8080" }],
    ports: [{ name: "mcp", containerPort: 8080 }],
    readinessProbe: { tcpSocket: { port: "mcp" }, periodSeconds: 1 },
  };
  return { containers: [server], terminationGracePeriodSeconds: 5 };
}

export function statefulSet(written: Written & { replicas?: number; image?: string }) {
  const { name, replicas = 1, annotations = forDevelopers, image } = written;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, annotations },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: labelsOf(written) }, spec: podSpec(image) },
    },
  };
}

/** As the injector would have it: each of its pods is made with a guard. */
export function guardedSet(written: Written & { replicas?: number }) {
  const set = statefulSet(written);
  const { template } = set.spec;
  const guarded = { adapter: written.adapter ?? written.name, port: 8080 };
  const spec = withGuard(template.spec, guarded, { image: gatewayImage, variables: {} });
  return { ...set, spec: { ...set.spec, template: { ...template, spec } } };
}

export function deployment(written: Written & { replicas?: number }) {
  const { name, replicas = 1, annotations = forDevelopers } = written;
  const template = { metadata: { labels: labelsOf(written), annotations }, spec: podSpec() };
  const spec = { replicas, selector: { matchLabels: { app: name } }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec };
}

export function barePod(written: Written) {
  const { name, annotations = forDevelopers } = written;
  const metadata = { name, labels: labelsOf(written), annotations };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: podSpec() };
}

/** `kubectl apply` in the adapters' namespace. */
export async function apply(cluster: OwnCluster, ...items: object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const { exitCode, stderr } = await cluster.kubectl(["apply", "-f", "-", "--namespace", namespace], list);
  if (exitCode !== 0) throw new Error(`kubectl apply: ${stderr}`);
}
