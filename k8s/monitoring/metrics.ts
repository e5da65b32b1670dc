import type { Registry } from "prom-client";
import type { Definition } from "../../gateway/observe/metrics/cells.ts";
import { metricDefinitions } from "../../gateway/observe/definitions/metrics.ts";
import { processRegistry } from "../../gateway/observe/metrics/registry.ts";
import { guardMetrics } from "../../injector/guard/metrics.ts";
import { injectorMetrics } from "../../injector/metrics.ts";

/** What each program counts. The gateway's is a table; the others' are asked for what they register. */
export const gateway = metricDefinitions;
export const gatewayProcess = await registered("mcp_gateway", () => {});
const none = () => 0;
const asGuard = (registry: Registry) => guardMetrics(registry, { keys: none, sessions: none, streams: none });
export const guard = await registered("mcp_guard", asGuard, { scrapedWith: ["adapter"] });
export const injector = await registered("mcp_injector", injectorMetrics);

/** Of others: kube-state-metrics, and Prometheus itself. */
export const otherMetrics = {
  limits: {
    kind: "gauge",
    name: "kube_pod_container_resource_limits",
    help: "Limits of containers, as kube-state-metrics tells them.",
    labels: ["container", "resource", "unit"],
  },
  up: { kind: "gauge", name: "up", help: "1 if Prometheus could scrape it.", labels: [] },
  alerts: {
    kind: "gauge",
    name: "ALERTS",
    help: "Alerts that wait or fire; the value is always 1.",
    labels: ["alertname", "alertstate", "severity"],
  },
} as const satisfies Record<string, Definition>;

export type Metrics = {
  readonly all: readonly Definition[];
  /** With the labels that Prometheus adds. Throws when there is none of that name. */
  metric(name: string): Definition;
};

/** `scrapedWith`: labels of the pod, by which Prometheus tells one guard from another. */
async function registered(
  program: string,
  register: (registry: Registry) => void,
  { scrapedWith = [] }: { scrapedWith?: readonly string[] } = {},
): Promise<Metrics> {
  const registry = processRegistry({ name: program, version: "" });
  register(registry);
  const described = await registry.getMetricsAsJSON();
  const all = registry.getMetricsAsArray().map((metric, at): Definition => {
    const { labelNames = [], buckets } = metric as unknown as Pick<Definition, "buckets"> & { labelNames?: string[] };
    const kind = described[at]?.type as unknown as Definition["kind"];
    return { kind, name: metric.name, help: metric.help, labels: labelNames, ...(buckets && { buckets }) };
  });
  const byName = new Map(all.map((each) => [each.name, { ...each, labels: [...each.labels, ...scrapedWith] }]));
  return {
    all,
    metric(name) {
      const found = byName.get(name);
      if (!found) throw new Error(`no metric ${name} among ${[...byName.keys()].join(", ")}`);
      return found;
    },
  };
}
