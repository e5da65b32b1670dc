import { type Limits, type Panel, type Query, queriesOf, type Row, type Unit } from "./panels.ts";

const columns = 24;
const tag = "mcp-gateway";
const sizes = { graph: { w: 8, h: 8 }, figure: { w: 3, h: 4 }, table: { w: 24, h: 8 } } as const;
const datasource = { type: "prometheus", uid: "$datasource" } as const;

export type Variable = { readonly name: string; readonly label: string; readonly values: string };

export type Dashboard = {
  /** Its address in every Grafana. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
};

/**
 * As Grafana stores it (schema 39: Grafana 10.4 and later). Rows but the first are folded, and asked for when somebody opens
 * them.
 */
export function grafanaDashboard({ uid, title, description, variables, rows }: Dashboard) {
  let y = 0;
  let lastId = 0;
  const panels = rows.flatMap((row, at): object[] => {
    const id = ++lastId;
    const placed = inRow(row.panels, y + 1).map((panel) => ({ id: ++lastId, ...panel }));
    const head = { id, type: "row", title: row.title, gridPos: { x: 0, y, w: columns, h: 1 } };
    y = Math.max(...placed.map(({ gridPos }) => gridPos.y + gridPos.h));
    return at === 0
      ? [{ ...head, collapsed: false, panels: [] }, ...placed]
      : [{ ...head, collapsed: true, panels: placed }];
  });
  return {
    uid,
    title,
    description,
    tags: [tag],
    schemaVersion: 39,
    id: null,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timezone: "",
    links: [toOthers],
    annotations: { list: [] },
    templating: { list: [datasourceVariable, ...variables.map(queryVariable)] },
    panels,
  };
}

/** From left to right, and from top to bottom. */
function inRow(panels: readonly Panel[], top: number) {
  let [x, y, lineHeight] = [0, top, 0];
  return panels.map((panel) => {
    const { w, h } = sizes[panel.kind];
    if (x + w > columns) [x, y, lineHeight] = [0, y + lineHeight, 0];
    const gridPos = { x, y, w, h };
    x += w;
    lineHeight = Math.max(lineHeight, h);
    return { gridPos, ...shape(panel) };
  });
}

function shape(panel: Panel) {
  const common = { title: panel.title, description: descriptionOf(panel), datasource };
  switch (panel.kind) {
    case "graph": {
      const { unit, limits, max, stacked } = panel;
      const custom = {
        lineWidth: 1,
        fillOpacity: stacked ? 30 : 5,
        showPoints: "never",
        stacking: { mode: stacked ? "normal" : "none", group: "A" },
        thresholdsStyle: { mode: limits ? "dashed" : "off" },
      };
      const defaults = { unit, min: 0, ...(max !== undefined && { max }), custom, ...thresholds(limits) };
      return {
        ...common,
        type: "timeseries",
        targets: panel.queries.map((query, at) => ({ ...target(query, at), range: true })),
        fieldConfig: { defaults, overrides: [] },
        options: {
          legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
          tooltip: { mode: "multi", sort: "desc" },
        },
      };
    }
    case "figure":
      return {
        ...common,
        type: "stat",
        targets: queriesOf(panel).map((query, at) => ({ ...target(query, at), range: true })),
        fieldConfig: { defaults: { unit: panel.unit, ...thresholds(panel.limits) }, overrides: [] },
        options: {
          reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
          colorMode: panel.limits ? "background" : "value",
          graphMode: "area",
          textMode: "value",
        },
      };
    case "table":
      return {
        ...common,
        type: "table",
        targets: queriesOf(panel).map((query, at) => ({ ...target(query, at), format: "table", instant: true })),
        transformations: [
          { id: "joinByField", options: { byField: panel.by, mode: "outer" } },
          { id: "filterFieldsByName", options: { include: { pattern: `^(${panel.by}|Value.*)$` } } },
        ],
        fieldConfig: { defaults: {}, overrides: panel.columns.map(column) },
        options: { showHeader: true, cellHeight: "sm", sortBy: [{ displayName: panel.by, desc: false }] },
      };
  }
}

function target({ of, as }: Query, at: number) {
  return { refId: letter(at), expr: of.text, legendFormat: as };
}

/** A table's values are called by their query. */
function column({ title, unit, limits }: { title: string; unit: Unit; limits?: Limits }, at: number) {
  const colored = limits && [
    { id: "thresholds", value: thresholds(limits).thresholds },
    { id: "custom.cellOptions", value: { type: "color-text" } },
  ];
  return {
    matcher: { id: "byName", options: `Value #${letter(at)}` },
    properties: [{ id: "displayName", value: title }, { id: "unit", value: unit }, ...(colored ?? [])],
  };
}

function letter(at: number): string {
  return String.fromCharCode("A".charCodeAt(0) + at);
}

function thresholds(limits: Limits | undefined) {
  const steps = limits ? stepsOf(limits) : [{ color: "green", value: null }];
  return { color: { mode: limits ? "thresholds" : "palette-classic" }, thresholds: { mode: "absolute", steps } };
}

function stepsOf({ warn, bad, falling }: Limits) {
  return falling
    ? [
        { color: "red", value: null },
        { color: "yellow", value: bad },
        { color: "green", value: warn },
      ]
    : [
        { color: "green", value: null },
        { color: "yellow", value: warn },
        { color: "red", value: bad },
      ];
}

/** What it is for, and what each of its metrics is. */
function descriptionOf(panel: Panel): string {
  const metrics = new Set(queriesOf(panel).flatMap(({ of }) => of.metrics));
  return [panel.about ?? [], [...metrics].map(({ name, help }) => `\`${name}\`: ${help}`)].flat().join("\n\n");
}

const toOthers = {
  type: "dashboards",
  title: "MCP Gateway",
  tags: [tag],
  includeVars: true,
  keepTime: true,
  asDropdown: false,
  targetBlank: false,
  icon: "external link",
  tooltip: "",
};

const datasourceVariable = {
  name: "datasource",
  label: "Data source",
  type: "datasource",
  query: "prometheus",
  refresh: 1,
  hide: 0,
  includeAll: false,
  multi: false,
  options: [],
  regex: "",
};

function queryVariable({ name, label, values }: Variable) {
  return {
    name,
    label,
    type: "query",
    datasource,
    definition: values,
    query: { qryType: 1, query: values, refId: "PrometheusVariableQueryEditor-VariableQuery" },
    current: { text: ["All"], value: ["$__all"] },
    includeAll: true,
    // With what has no such label, as where Prometheus scrapes a laptop.
    allValue: ".*",
    multi: true,
    refresh: 2,
    sort: 1,
    hide: 0,
    options: [],
    regex: "",
  };
}
