import type { Definition } from "../../gateway/observe/metrics/cells.ts";
import { quantile, type Vector } from "./promql.ts";

/** Grafana's names of units. */
export type Unit = "short" | "none" | "reqps" | "ops" | "percentunit" | "s" | "bytes" | "Bps" | "bool_yes_no";

export type Query = {
  readonly of: Vector;
  /** What a series is called: its labels in braces, such as `{{adapter}}`. */
  readonly as: string;
};

/** Values from which on a thing is worth a look, and from which on it is bad. `falling`: the other way round. */
export type Limits = { readonly warn: number; readonly bad: number; readonly falling?: true };

type Described = {
  readonly title: string;
  readonly unit: Unit;
  /** What it tells beside what its metrics say of themselves. */
  readonly about?: string;
  readonly limits?: Limits;
};
export type Graph = Described & {
  readonly kind: "graph";
  readonly queries: readonly Query[];
  readonly stacked?: true;
  /** From 0 to this. */
  readonly max?: number;
};
/** One number. */
export type Figure = Described & { readonly kind: "figure"; readonly of: Vector };
/** A line for each value of a label. */
export type Table = Omit<Described, "unit" | "limits"> & {
  readonly kind: "table";
  readonly by: string;
  readonly columns: readonly (Pick<Described, "title" | "unit" | "limits"> & { readonly of: Vector })[];
};
export type Panel = Graph | Figure | Table;
export type Row = { readonly title: string; readonly panels: readonly Panel[] };

type Options = Omit<Graph, "kind" | "title" | "unit" | "queries">;

export function graph(title: string, unit: Unit, queries: readonly Query[], options: Options = {}): Graph {
  return { kind: "graph", title, unit, queries, ...options };
}

export function figure(
  title: string,
  unit: Unit,
  of: Vector,
  options: Pick<Described, "about" | "limits"> = {},
): Figure {
  return { kind: "figure", title, unit, of, ...options };
}

/** Half of it, and its slow ends. */
export function quantiles<const M extends Definition>(
  metric: M,
  where: Parameters<typeof quantile<M>>[2] = {},
): readonly Query[] {
  return [0.5, 0.95, 0.99].map((q) => ({ of: quantile(q, metric, where), as: `p${q * 100}` }));
}

/** What Prometheus is asked for this panel. */
export function queriesOf(panel: Panel): readonly Query[] {
  switch (panel.kind) {
    case "graph":
      return panel.queries;
    case "figure":
      return [{ of: panel.of, as: panel.title }];
    case "table":
      return panel.columns.map(({ of, title }) => ({ of, as: title }));
  }
}
