import { describe, expect, test } from "bun:test";
import { dashboards } from "../../k8s/monitoring/dashboards.ts";
import { emitted } from "../../k8s/monitoring/emit.ts";
import { grafanaDashboard } from "../../k8s/monitoring/grafana.ts";
import { gateway, gatewayProcess, guard, injector } from "../../k8s/monitoring/metrics.ts";
import { queriesOf } from "../../k8s/monitoring/panels.ts";
import { groups } from "../../k8s/monitoring/rules.ts";
import { checkRules, promtool } from "./promtool.ts";

type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
  readonly panels?: readonly Panel[];
};

const project = `${import.meta.dir}/../..`;
const panels = dashboards.flatMap(({ rows }) => rows.flatMap((row) => row.panels.map((panel) => ({ row, panel }))));

test("what is kept is what the tables of metrics give: `npm run emit`", async () => {
  const made = await emitted();
  expect([...made.keys()]).toEqual([
    "k8s/components/monitoring/dashboards/mcp-gateway.json",
    "k8s/components/monitoring/dashboards/mcp-gateway-operation.json",
    "k8s/components/monitoring/rules.yaml",
    "k8s/examples/prometheus/rules.yaml",
    "k8s/monitoring/METRICS.md",
    "k8s/monitoring/ALERTS.md",
  ]);
  for (const [path, text] of made) {
    expect({ path, text }).toEqual({ path, text: await Bun.file(`${project}/${path}`).text() });
  }
});

test("all that is counted is shown", () => {
  const shown = new Set(
    panels.flatMap(({ panel }) => queriesOf(panel).flatMap(({ of }) => of.metrics.map(({ name }) => name))),
  );
  const counted = [...Object.values(gateway), ...gatewayProcess.all, ...guard.all, ...injector.all];
  expect(counted.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
});

test("a series is called by labels that it has", () => {
  for (const { row, panel } of panels) {
    for (const { of, as } of queriesOf(panel)) {
      const named = [...as.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label ?? "");
      const unknown = named.filter((label) => !of.labels.includes(label));
      expect({ panel: `${row.title}: ${panel.title}`, unknown }).toEqual({
        panel: `${row.title}: ${panel.title}`,
        unknown: [],
      });
    }
  }
});

test("no two panels of a row have one title", () => {
  for (const { title, panels } of dashboards.flatMap(({ rows }) => [...rows])) {
    expect({ title, titles: new Set(panels.map((panel) => panel.title)).size }).toEqual({
      title,
      titles: panels.length,
    });
  }
});

describe.each([...dashboards])("$title", (made) => {
  const shown = grafanaDashboard(made);
  const all = (shown.panels as Panel[]).flatMap((panel) => [panel, ...(panel.panels ?? [])]);

  test("it belongs to no Grafana: no id, and a data source that is chosen", () => {
    expect(shown).toMatchObject({ id: null, uid: made.uid, schemaVersion: 39 });
    expect(shown.templating.list.map(({ name }) => name)).toEqual(["datasource", "namespace", "adapter"]);
    for (const { datasource, type } of all) if (type !== "row") expect(datasource?.uid).toBe("$datasource");
  });

  test("each panel says what it shows", () => {
    for (const { title, description, type } of all) {
      if (type !== "row")
        expect({ title, description }).toEqual({ title, description: expect.stringMatching(/`[a-zA-Z_]+`: ./) });
    }
  });

  test("panels lie beside each other, and have ids of their own", () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const rows of [all.filter(({ type }) => type !== "row")]) {
      for (const one of rows) {
        expect(one.gridPos.x + one.gridPos.w).toBeLessThanOrEqual(24);
        const over = rows.filter((other) => other !== one && overlap(one.gridPos, other.gridPos));
        expect(over.map(({ title }) => title)).toEqual([]);
      }
    }
  });

  test("kubectl can apply it: its note of it fits beside it", async () => {
    const text = await Bun.file(`${project}/k8s/components/monitoring/dashboards/${made.uid}.json`).text();
    // 256 KiB for all annotations of an object, and the note is one.
    expect(JSON.stringify(text).length).toBeLessThan(200_000);
  });
});

test.if(promtool !== null)("Prometheus understands all that panels ask", async () => {
  const rules = panels
    .flatMap(({ panel }) => queriesOf(panel).map(({ of }) => of.text.replaceAll("$__rate_interval", "5m")))
    .map((expr, at) => ({ record: `asked:panel:${at}`, expr }));
  const { said } = await checkRules(JSON.stringify({ groups: [{ name: "asked", rules }] }));
  expect(said).toContain(`${rules.length} rules found`);
  expect(rules.length).toBeGreaterThan(120);
});

test("the dashboards show what alerts are about", () => {
  const shown = new Set(
    panels.flatMap(({ panel }) => queriesOf(panel).flatMap(({ of }) => of.metrics.map(({ name }) => name))),
  );
  const alerted = groups.flatMap(({ alerts = [] }) =>
    alerts.flatMap(({ when }) => when.metrics.map(({ name }) => name)),
  );
  // Prometheus has a page of its own for what it cannot scrape.
  expect([...new Set(alerted)].filter((name) => !shown.has(name))).toEqual(["up"]);
});

type Place = Panel["gridPos"];

function overlap(one: Place, other: Place): boolean {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
}
