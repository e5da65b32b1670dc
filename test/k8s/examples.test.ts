import { expect, test } from "bun:test";
import { gateway, gatewayProcess, guard, injector } from "../../k8s/monitoring/metrics.ts";
import { type Container, type Deployment, type Manifest, manifestsIn, type PodSpec, renderings } from "./manifests.ts";

const examples = `${import.meta.dir}/../../k8s/examples`;
const textOf = (file: string) => Bun.file(`${examples}/${file}`).text();
const objectsIn = async (file: string) => manifestsIn(await textOf(file));
const everything = renderings.find(({ folder }) => folder === "test/k8s/everything");

type Scaling = {
  readonly scaleDown: {
    readonly stabilizationWindowSeconds: number;
    readonly policies: readonly { value: number; periodSeconds: number }[];
  };
};
type Autoscaler = Manifest & {
  readonly spec: {
    readonly scaleTargetRef: object;
    readonly minReplicas: number;
    readonly metrics: readonly { readonly pods?: { readonly metric: { readonly name: string } } }[];
    readonly behavior: Scaling;
  };
};
type ScaledObject = Manifest & {
  readonly spec: {
    readonly scaleTargetRef: object;
    readonly minReplicaCount: number;
    readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: Scaling } };
  };
};
type AdapterRules = {
  readonly rules: readonly { readonly seriesQuery: string; readonly name?: { readonly as: string } }[];
};
type Collector = {
  readonly receivers: { readonly otlp: { readonly protocols: { readonly http: { readonly endpoint: string } } } };
  readonly service: { readonly extensions: readonly string[]; readonly pipelines: Readonly<Record<string, Pipeline>> };
} & Readonly<Record<"receivers" | "processors" | "exporters" | "extensions", object>>;
type Pipeline = Readonly<Record<"receivers" | "processors" | "exporters", readonly string[]>>;

test("what examples ask Prometheus for is counted", async () => {
  const counted = [...Object.values(gateway), ...gatewayProcess.all, ...guard.all, ...injector.all].map(
    ({ name }) => name,
  );
  for (const file of [
    "autoscaling/prometheus-adapter.yaml",
    "autoscaling/autoscaler.yaml",
    "autoscaling/scaled-object.yaml",
  ]) {
    const named = [...(await textOf(file)).matchAll(/mcp_\w+/g)].map(([name]) => name);
    const made = "mcp_gateway_sessions_and_streams";
    expect({ file, unknown: named.filter((name) => name !== made && !counted.includes(name)) }).toEqual({
      file,
      unknown: [],
    });
    expect(named.length).toBeGreaterThan(0);
  }
});

test("what autoscalers ask prometheus-adapter for, its rules give", async () => {
  const { rules } = Bun.YAML.parse(await textOf("autoscaling/prometheus-adapter.yaml")) as AdapterRules;
  const given = rules.map(({ seriesQuery, name }) => name?.as ?? seriesQuery.slice(0, seriesQuery.indexOf("{")));
  const autoscalers = [
    ...(everything?.all<Autoscaler>("HorizontalPodAutoscaler") ?? []),
    ...((await objectsIn("autoscaling/autoscaler.yaml")) as Autoscaler[]),
  ];
  const asked = autoscalers.flatMap(({ spec }) => spec.metrics.flatMap(({ pods }) => pods?.metric.name ?? []));
  expect(asked).toEqual(["mcp_gateway_sessions_and_streams", "mcp_guard_active_sessions"]);
  expect(given).toEqual(asked);
});

test("an adapter's autoscalers let two replicas stay, and take one at a time after an hour", async () => {
  const [autoscaler] = (await objectsIn("autoscaling/autoscaler.yaml")) as Autoscaler[];
  const [scaled] = (await objectsIn("autoscaling/scaled-object.yaml")) as ScaledObject[];
  const down = {
    scaleDown: { stabilizationWindowSeconds: 3600, policies: [{ type: "Pods", value: 1, periodSeconds: 1800 }] },
  };
  const target = { apiVersion: "apps/v1", kind: "StatefulSet", name: "weather" };
  expect(autoscaler?.spec).toMatchObject({ scaleTargetRef: target, minReplicas: 2, behavior: down });
  expect(scaled?.spec).toMatchObject({
    scaleTargetRef: target,
    minReplicaCount: 2,
    advanced: { horizontalPodAutoscalerConfig: { behavior: down } },
  });
});

test("a scaled adapter's replica has time for its sessions, and its number is nobody's but the autoscaler's", async () => {
  const [set] = (await objectsIn("autoscaling/adapter.yaml")) as (Manifest & { spec: Deployment["spec"] })[];
  if (!set) throw new Error("there is no StatefulSet");
  expect(set.spec).not.toHaveProperty("replicas");
  const { metadata, spec } = set.spec.template;
  expect(metadata.labels["mcp-gateway/adapter"]).toBe("weather");
  const [server] = spec.containers;
  expect(server?.lifecycle.preStop.sleep.seconds).toBe(900);
  expect(spec.terminationGracePeriodSeconds).toBe(960);
});

test("the collector's pipelines are made of parts that it has", async () => {
  const collector = Bun.YAML.parse(await textOf("opentelemetry/collector.yaml")) as Collector;
  const { extensions, pipelines } = collector.service;
  expect(Object.keys(pipelines)).toEqual(["traces"]);
  for (const pipeline of Object.values(pipelines)) {
    for (const kind of ["receivers", "processors", "exporters"] as const) {
      expect(Object.keys(collector[kind])).toEqual([...pipeline[kind]]);
    }
    // Before it holds anything.
    expect(pipeline.processors[0]).toBe("memory_limiter");
  }
  expect(Object.keys(collector.extensions)).toEqual([...extensions]);
});

test("spans get to the collector: by its name, its port and the network policies", async () => {
  type Service = Manifest & { spec: { ports: readonly { port: number; targetPort: string }[]; selector: object } };
  type Policy = Manifest & {
    spec: { egress?: readonly { to: readonly object[]; ports?: readonly object[] }[]; ingress?: object[] };
  };
  const objects = await objectsIn("opentelemetry/deployment.yaml");
  const find = <Kind extends Manifest>(kind: string) => objects.find((object) => object.kind === kind) as Kind;
  const { metadata, spec } = find<Service>("Service");
  const [port] = spec.ports;
  const endpoint = everything?.settings["OTEL_EXPORTER_OTLP_ENDPOINT"];
  expect(endpoint).toBe(`http://${metadata.name}.${metadata.namespace}:${port?.port}`);
  const pod = find<Manifest & { spec: { template: { spec: PodSpec } } }>("Deployment").spec.template.spec;
  const [container] = pod.containers as readonly [Container];
  const listening = container.ports.find(({ name }) => name === port?.targetPort);
  const collector = Bun.YAML.parse(await textOf("opentelemetry/collector.yaml")) as Collector;
  expect(collector.receivers.otlp.protocols.http.endpoint).toBe(`0.0.0.0:${listening?.containerPort}`);
  const { labels } = find("Namespace").metadata;
  const [egress] = (everything?.all<Policy>("NetworkPolicy") ?? []).filter(({ spec }) => spec.egress);
  expect(egress?.spec.egress).toContainEqual({
    to: [{ namespaceSelector: { matchLabels: { "mcp-gateway/traces": labels?.["mcp-gateway/traces"] } } }],
    ports: [{ port: port?.port, protocol: "TCP" }],
  } as never);
  expect(find<Policy>("NetworkPolicy").spec.ingress).toEqual([
    {
      from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "adapter" } } }],
      ports: [{ port: "otlp", protocol: "TCP" }],
    },
  ]);
});
