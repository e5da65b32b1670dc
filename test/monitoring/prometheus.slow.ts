import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dashboards } from "../../k8s/monitoring/dashboards.ts";
import { queriesOf } from "../../k8s/monitoring/panels.ts";
import { groups, rulesFile } from "../../k8s/monitoring/rules.ts";
import { until } from "../support/until.ts";
import { type Prometheus, prometheusProgram, startPrometheus } from "./prometheus.ts";
import { openStand, type Stand } from "./stand.ts";
import { everythingHappens } from "./traffic.ts";

if (prometheusProgram === null)
  console.warn("SKIPPED, panels in a real Prometheus: it is not installed (Debian: prometheus)");

/** What a laptop has no figures of, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  "Control plane: Reconciles, {{kind}} again": "what a laptop has taken does not fail",
  "Control plane: Watches of Kubernetes that broke off, {{kind}}": "in a cluster only",
  "Control plane: Kubernetes asks for patience, {{status}}": "in a cluster only",
  "Processes: Workers, {{pod}} {{instance}}": "a laptop's gateway is one process",
  "Processes: Workers, ended within the last hour, {{how}}": "a laptop's gateway is one process",
  "Processes: Resident memory, limit": "kube-state-metrics tells it",
};

/** Long enough for two rounds of traffic. */
const window = "30s";

describe.if(prometheusProgram !== null)("a real Prometheus over a gateway, guards and an injector", () => {
  const stack = new AsyncDisposableStack();
  const over = new AbortController();
  let stand: Stand;
  let prometheus: Prometheus;
  let traffic: Promise<void>;

  beforeAll(async () => {
    stand = stack.use(await openStand());
    prometheus = stack.use(await startPrometheus({ targets: stand.targets, rules: JSON.stringify(rulesFile()) }));
    traffic = goOn();
    stack.defer(async () => {
      over.abort();
      await traffic;
    });
  }, 60_000);
  afterAll(() => stack.disposeAsync(), 60_000);

  async function goOn(): Promise<void> {
    for (let round = 0; !over.signal.aborted; round++) await everythingHappens(stand, round);
  }

  test("it can scrape all of them", async () => {
    const urls = stand.targets.map(({ url }) => url).toSorted();
    await until("all are up", async () => Bun.deepEquals((await prometheus.scraped()).toSorted(), urls));
  }, 30_000);

  test("every query of every panel gives numbers", async () => {
    const queries = dashboards.flatMap(({ rows }) =>
      rows.flatMap((row) =>
        row.panels.flatMap((panel) =>
          queriesOf(panel).map(({ of, as }) => ({
            name: `${row.title.split(":")[0]}: ${panel.title}, ${as}`,
            text: of.text,
          })),
        ),
      ),
    );
    let missing: string[] = [];
    await until(
      "numbers for all",
      async () => {
        missing = [];
        for (const { name, text } of queries) if (!(await hasNumbers(text))) missing.push(name);
        return missing.every((name) => name in elsewhere);
      },
      90_000,
    ).catch(() => undefined);
    expect(missing.toSorted()).toEqual(Object.keys(elsewhere).toSorted());
  }, 120_000);

  test("every alert and every recording can be evaluated", async () => {
    const wanted = groups.flatMap(({ alerts = [], recordings = [] }) => [...alerts, ...recordings]);
    const rules = await until("all have been evaluated", async () => {
      const rules = await prometheus.rules();
      return rules.length === wanted.length && rules;
    });
    const failed = rules.filter(({ health }) => health !== "ok");
    expect(failed.map(({ name, lastError }) => `${name}: ${lastError}`)).toEqual([]);
    expect(rules.map(({ name }) => name).toSorted()).toEqual(wanted.map(({ name }) => name).toSorted());
  });

  test("what autoscalers go by has numbers, also of a gateway without sessions", async () => {
    const rules = Bun.YAML.parse(await Bun.file(`${examples}/autoscaling/prometheus-adapter.yaml`).text()) as {
      rules: { seriesQuery: string; metricsQuery: string }[];
    };
    for (const { seriesQuery, metricsQuery } of rules.rules) {
      expect(await prometheus.query(seriesQuery)).not.toEqual([]);
      const text = metricsQuery
        .replaceAll("<<.GroupBy>>", "pod")
        .replaceAll("<<.LabelMatchers>>", 'namespace="adapter"')
        .replaceAll("<<.Series>>", seriesQuery.slice(0, seriesQuery.indexOf("{")));
      expect(await hasNumbers(text)).toBe(true);
    }
    const idle =
      '{__name__=~"mcp_gateway_sessions|mcp_gateway_open_streams",pod="nobody"} or 0 * mcp_gateway_build_info';
    expect(await hasNumbers(idle)).toBe(true);
  });

  async function hasNumbers(text: string): Promise<boolean> {
    const chosen = text
      .replaceAll("$__rate_interval", window)
      .replaceAll("$namespace", ".*")
      .replaceAll("$adapter", ".*");
    const samples = await prometheus.query(chosen);
    return samples.some(({ value: [, number] }) => Number.isFinite(Number(number)));
  }
});

const examples = `${import.meta.dir}/../../k8s/examples`;
