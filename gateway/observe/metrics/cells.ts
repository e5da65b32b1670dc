import type { Metric } from "prom-client";
import type Registry from "prom-client/lib/registry.js";
import { other } from "./label-values.ts";

/** What a metric is called and what it counts, as tables, dashboards and documents know it. */
export type Definition = {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Of a histogram: upper bounds, ascending. */
  readonly buckets?: readonly number[];
  /** So many sets of label values at most; whatever comes after them is counted under `other`. */
  readonly maxSeries?: number;
  /** Of a gauge: what the processes of one gateway say together. Usually the largest, since they see the same world. */
  readonly together?: Together;
};

export type Together = "sum" | "max" | "min";

/** One number that is counted on the path of requests: `cell.value++` is all that it costs. */
export type Cell = { value: number };

/** One distribution. A class, since there are many, and observed on every request. */
export class HistogramCell {
  readonly counts: Float64Array;
  sum = 0;
  readonly #buckets: readonly number[];

  constructor(buckets: readonly number[]) {
    this.#buckets = buckets;
    // The last one is +Inf.
    this.counts = new Float64Array(buckets.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#buckets.length && value > (this.#buckets[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += value;
  }
}

export type Cells<C> = {
  /** The cell of these label values, in the order of the definition. Keep it: finding it costs a look into a map. */
  of(...values: readonly string[]): C;
  /** What is gone, such as an adapter, takes its series along, and leaves room for others. */
  forget(label: string, value: string): void;
};

const usualMaxSeries = 1000;
/** No label value has one. */
const separator = "\u0000";

/** Counters, or gauges, in cells. */
export function cells(registry: Registry, definition: Definition): Cells<Cell> {
  const kept = keptCells(definition, (): Cell => ({ value: 0 }));
  register(registry, definition, function* () {
    for (const [labels, { value }] of kept.all()) yield { labels, value };
  });
  return kept;
}

/** Histograms in cells. */
export function histogramCells(registry: Registry, definition: Definition): Cells<HistogramCell> {
  const { name, buckets = [] } = definition;
  const kept = keptCells(definition, () => new HistogramCell(buckets));
  const bounds = [...buckets.map(String), "+Inf"];
  register(registry, definition, function* () {
    for (const [labels, { counts, sum }] of kept.all()) {
      let count = 0;
      const cumulative = bounds.map((le, at) => {
        count += counts[at] as number;
        return { labels: { ...labels, le }, value: count, metricName: `${name}_bucket` };
      });
      yield* cumulative;
      yield { labels, value: sum, metricName: `${name}_sum` };
      yield { labels, value: count, metricName: `${name}_count` };
    }
  });
  return kept;
}

/** Things by label values, no more of them than there is room for. */
export function keptCells<C>({ labels, maxSeries = usualMaxSeries }: Definition, make: () => C) {
  const byKey = new Map<string, { readonly values: readonly string[]; readonly cell: C }>();
  const rest = labels.map(() => other);
  // What has no labels is there from the beginning, as Prometheus wants it.
  if (labels.length === 0) at([]);

  return {
    of: (...values: readonly string[]) => at(values),
    forget(label: string, value: string): void {
      const place = labels.indexOf(label);
      for (const [key, { values }] of byKey) if (values[place] === value) byKey.delete(key);
    },
    *all() {
      for (const { values, cell } of byKey.values()) yield [labelled(values), cell] as const;
    },
  };

  function at(values: readonly string[]): C {
    const key = values.join(separator);
    const known = byKey.get(key);
    if (known) return known.cell;
    if (byKey.size >= maxSeries && values !== rest) return at(rest);
    const cell = make();
    byKey.set(key, { values, cell });
    return cell;
  }

  function labelled(values: readonly string[]): Record<string, string> {
    return Object.fromEntries(labels.map((label, place) => [label, values[place] ?? ""]));
  }
}

/** One line of the figures, under the metric's name if there is no other. */
export type Value = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
};

/** The registry asks for no more of a metric than this, when somebody fetches the figures. */
export function register(registry: Registry, definition: Definition, values: () => Iterable<Value>): void {
  const { name, help, kind, together = kind === "gauge" ? "max" : "sum" } = definition;
  const shown = { name, help, type: kind, aggregator: together };
  const metric = { ...shown, values, get: async () => ({ ...shown, values: [...values()] }) };
  registry.registerMetric(metric as unknown as Metric);
}
