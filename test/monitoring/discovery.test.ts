import { expect, test } from "bun:test";
import { statefulSetFor } from "../../gateway/runtime/kubernetes/objects/stateful-set.ts";
import { applied } from "../injector/json-patch.ts";
import { outcomeOf, podOf } from "../injector/reviews.ts";
import { renderings } from "../k8s/manifests.ts";
import { clusterWorkload, guard, settings } from "../runtime/kubernetes/objects/support.ts";
import { checkConfig, promtool } from "./promtool.ts";
import { type FoundPod, type PodMonitor, type Scraped, type ScrapeJob, scrapedBy, scrapedFor } from "./discovery.ts";

type Template = {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<"containers" | "initContainers", readonly { readonly ports?: FoundPod["ports"] }[]>>;
};

const everything = renderings.find(({ folder }) => folder === "test/k8s/everything");
const gateway = found("mcp-gateway-0", everything?.deployment.spec.template);
const injector = found("mcp-gateway-injector-0", everything?.injector.deployment.spec.template);
const made = found("weather-0", statefulSetFor(clusterWorkload(), { ...settings, guard }).spec?.template);
const mine = found("mine-0", injected(podOf()));
const pods: readonly FoundPod[] = [
  gateway,
  injector,
  made,
  mine,
  // Without a guard, over, of somebody else, and one that would like to be a gateway.
  found("forecast-0", statefulSetFor(clusterWorkload({ kind: "tool", name: "forecast" }), settings).spec?.template),
  { ...gateway, name: "over", phase: "Succeeded" },
  { name: "database-0", labels: { app: "database" }, ports: [{ name: "metrics", containerPort: 9187 }] },
  {
    ...made,
    name: "disguised-0",
    labels: { ...made.labels, ...gateway.labels },
    ports: [...gateway.ports, ...made.ports],
  },
];

const namespace = "adapter";
const examples = `${import.meta.dir}/../../k8s/examples/prometheus`;
const expected: Scraped[] = [
  { port: 9090, job: "mcp-gateway", namespace, pod: "mcp-gateway-0" },
  { port: 15020, job: "mcp-guard", namespace, pod: "weather-0", adapter: "weather" },
  { port: 15020, job: "mcp-guard", namespace, pod: "mine-0", adapter: "weather" },
  { port: 15020, job: "mcp-guard", namespace, pod: "disguised-0", adapter: "weather" },
  { port: 8080, job: "mcp-gateway-injector", namespace, pod: "mcp-gateway-injector-0" },
];

test("a Prometheus with an operator scrapes gateways, guards and injectors, and nobody who looks like them", () => {
  const monitors = everything?.all<PodMonitor>("PodMonitor") ?? [];
  const byName = (name: string) => monitors.filter(({ metadata }) => metadata.name === name);
  const ordered = ["mcp-gateway", "mcp-guard", "mcp-gateway-injector"].flatMap(byName);
  expect(monitors).toHaveLength(3);
  expect(ordered.flatMap((monitor) => scrapedFor(monitor, pods))).toEqual(expected);
});

test("one without an operator scrapes the same, under the same names", async () => {
  const file = Bun.file(`${examples}/prometheus.yaml`);
  const { scrape_configs } = Bun.YAML.parse(await file.text()) as { scrape_configs: ScrapeJob[] };
  expect(scrape_configs.flatMap((job) => scrapedBy(job, pods))).toEqual(expected);
});

test.if(promtool !== null).each(["prometheus.yaml", "laptop.yaml"])(
  "promtool takes %s, with the rules beside it",
  async (name) => {
    const rules = await Bun.file(`${examples}/rules.yaml`).text();
    const config = Bun.YAML.parse(await Bun.file(`${examples}/${name}`).text()) as { scrape_configs: object[] };
    // Debian's Prometheus is built without Kubernetes.
    const scrape_configs = config.scrape_configs.map((job) => ({ ...job, kubernetes_sd_configs: undefined }));
    const { content, said } = await checkConfig(JSON.stringify({ ...config, scrape_configs }), rules);
    expect(said).toContain("1 rule files found");
    expect(said).toContain("51 rules found");
    expect(content).toBe(true);
  },
);

function found(name: string, template: unknown): FoundPod {
  const { metadata, spec } = template as Template;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return { name, labels: metadata?.labels ?? {}, ports: containers.flatMap(({ ports = [] }) => ports) };
}

/** A pod as it is after the injector has seen it. */
function injected(pod: object): unknown {
  const outcome = outcomeOf(pod);
  if (!("patch" in outcome)) throw new Error(JSON.stringify(outcome));
  return applied(pod, outcome.patch);
}
