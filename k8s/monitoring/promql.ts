import type { Definition } from "../../gateway/observe/metrics/cells.ts";

/** What Prometheus adds to all that it scrapes: see k8s/components/monitoring and k8s/examples/prometheus. */
const targetLabels = ["namespace", "pod", "job", "instance"] as const;

type LabelOf<M extends Definition> = M["labels"][number] | (typeof targetLabels)[number];
type Matcher = `${"=" | "!=" | "=~" | "!~"}"${string}"`;
type Matchers<M extends Definition> = { readonly [Label in LabelOf<M>]?: Matcher };

/**
 * An expression and the labels of its series. A label that they lack is a type error where the metric comes from a table, and
 * thrown where it does not.
 */
export type Vector<Label extends string = string> = {
  readonly text: string;
  readonly labels: readonly Label[];
  /** What it is made of. */
  readonly metrics: readonly Definition[];
  /** Needs parentheses within another one. */
  readonly compound?: boolean;
};

/** The window of a dashboard's rates: as long as a pixel, and never too short for Prometheus to see two values. */
const pixel = "$__rate_interval";

/** A gauge as it is. */
export function now<const M extends Definition>(metric: M, where: Matchers<M> = {}): Vector<LabelOf<M>> {
  return series(metric, "gauge", where);
}

/** A gauge as it was so long ago. */
export function before<const M extends Definition>(
  ago: string,
  metric: M,
  where: Matchers<M> = {},
): Vector<LabelOf<M>> {
  const { text, ...rest } = series(metric, "gauge", where);
  return { ...rest, text: `${text} offset ${ago}` };
}

/** Of a counter, per second. */
export const rate = overWindow("rate", "counter");
/** Of a counter, how often within the window. */
export const increase = overWindow("increase", "counter");
/** Of a histogram, observations per second. */
export const observed = overWindow("rate", "histogram", "_count");
/** Of a counter, whether it was counted at all within the window: of what was never counted before there is no increase. */
export function counted<const M extends Definition, const Label extends LabelOf<M>>(
  metric: M,
  where: Matchers<M>,
  window: string,
  ...by: readonly Label[]
): Vector<Label> {
  const { text, ...rest } = series(metric, "counter", where);
  const more = sum(increase(metric, where, window), ...by);
  const first = sum({ ...rest, text: `${text} unless ${text} offset ${window}` }, ...by);
  return binary(when(more, ">", 0), "or", when(first, ">", 0));
}

/** How often a gauge took another value. */
export const changes = overWindow("changes", "gauge");

type How<M extends Definition, Label> = { where?: Matchers<M>; by?: readonly Label[]; window?: string };

/** Of a histogram. */
export function quantile<const M extends Definition, const Label extends LabelOf<M> = never>(
  q: number,
  metric: M,
  { where = {}, by = [], window = pixel }: How<M, Label> = {},
): Vector<Label> {
  const buckets = overWindow("rate", "histogram", "_bucket")(metric, where, window);
  check(by, buckets.labels);
  const text = `histogram_quantile(${q}, sum by (${["le", ...by].join(", ")}) (${buckets.text}))`;
  return { text, labels: by, metrics: [metric] };
}

export const sum = aggregation("sum");
export const max = aggregation("max");
export const min = aggregation("min");
export const count = aggregation("count");

export function topk<Label extends string>(k: number, vector: Vector<Label>): Vector<Label> {
  return { ...vector, text: `topk(${k}, ${vector.text})`, compound: false };
}

/** 1 where there is no such series at all. */
export function absent({ text, metrics }: Vector): Vector<never> {
  return { text: `absent(${text})`, labels: [], metrics };
}

/** No series is no 0, unless it is said. */
export function orZero(vector: Vector<never>): Vector<never> {
  return { ...vector, text: `${inner(vector)} or vector(0)`, compound: true };
}

/** What part of the whole it is; 0 where nothing of it has ever been seen. */
export function share<Label extends string>(part: Vector<Label>, whole: Vector<Label>): Vector<Label> {
  return over({ ...part, text: `${part.text} or 0 * ${inner(whole)}`, compound: true }, whole);
}

export function over<Label extends string>(part: Vector<Label>, whole: Vector<Label>): Vector<Label> {
  return binary(part, "/", whole);
}

/** Of a time in seconds since 1970: how far ahead it is. */
export function untilThen<Label extends string>(time: Vector<Label>): Vector<Label> {
  return { ...time, text: `${inner(time)} - time()`, compound: true };
}

/** Those series that the other one has, too, by these labels. */
export function and<Label extends string>(one: Vector<Label>, other: Vector, ...on: readonly Label[]): Vector<Label> {
  check(on, other.labels);
  return binary(one, on.length > 0 ? `and on (${on.join(", ")})` : "and", other);
}

/** Those series that the other one lacks. */
export function unless<Label extends string>(one: Vector<Label>, other: Vector<Label>): Vector<Label> {
  return binary(one, "unless", other);
}

/** Those series that compare so with a number, or with the series of the same labels. */
export function when<Label extends string>(
  one: Vector<Label>,
  operator: ">" | "<" | "==",
  limit: number | Vector<Label>,
): Vector<Label> {
  return binary(one, operator, typeof limit === "number" ? { text: String(limit), labels: [], metrics: [] } : limit);
}

function overWindow(name: string, kind: Definition["kind"], suffix = "") {
  return <const M extends Definition>(
    metric: M,
    where: Matchers<M> = {},
    window: string = pixel,
  ): Vector<LabelOf<M>> => {
    const { text, ...rest } = series(metric, kind, where, suffix);
    return { ...rest, text: `${name}(${text}[${window}])` };
  };
}

function aggregation(operator: "sum" | "max" | "min" | "count") {
  return <Label extends string, const By extends Label = never>(
    { text, labels, metrics }: Vector<Label>,
    ...by: readonly By[]
  ): Vector<By> => {
    check(by, labels);
    return { text: `${operator}${by.length > 0 ? ` by (${by.join(", ")})` : ""} (${text})`, labels: by, metrics };
  };
}

function binary<Label extends string>(one: Vector<Label>, operator: string, other: Vector): Vector<Label> {
  const metrics = [...new Set([...one.metrics, ...other.metrics])];
  return { text: `${inner(one)} ${operator} ${inner(other)}`, labels: one.labels, metrics, compound: true };
}

function inner({ text, compound }: Vector): string {
  return compound ? `(${text})` : text;
}

function series<M extends Definition>(
  metric: M,
  kind: Definition["kind"],
  where: Matchers<M>,
  suffix = "",
): Vector<LabelOf<M>> {
  if (metric.kind !== kind) throw new Error(`${metric.name} is a ${metric.kind}, no ${kind}`);
  const labels: readonly LabelOf<M>[] = [...metric.labels, ...targetLabels];
  check(Object.keys(where), labels);
  const matchers = Object.entries(where).map(([label, matcher]) => `${label}${matcher}`);
  return {
    text: `${metric.name}${suffix}${matchers.length > 0 ? `{${matchers.join(",")}}` : ""}`,
    labels,
    metrics: [metric],
  };
}

function check(asked: readonly string[], labels: readonly string[]): void {
  for (const label of asked)
    if (!labels.includes(label)) throw new Error(`no label ${label} among ${labels.join(", ")}`);
}
