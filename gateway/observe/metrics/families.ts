import type { Together, Value } from "./cells.ts";

/** All lines of one metric. */
export type Family = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: Together;
  readonly values: Iterable<Value>;
};

/** A registry, or whatever has metrics like one. */
export type FamilySource = { getMetricsAsArray(): readonly unknown[] };

/** Cells give their values one by one; the library's own metrics give all at once. */
type Metric = { get(): Promise<Family> } | (Omit<Family, "values"> & { values(): Iterable<Value> });

export function metricsOf(source: FamilySource): readonly Metric[] {
  return source.getMetricsAsArray() as readonly Metric[];
}

/** A metric as it is now. */
export async function familyOf(metric: Metric): Promise<Family> {
  return "values" in metric ? { ...metric, values: metric.values() } : await metric.get();
}

/** All metrics as plain data, for another process. */
export async function familiesOf(source: FamilySource): Promise<Family[]> {
  const families = await Promise.all(metricsOf(source).map(familyOf));
  return families.map(({ name, help, type, aggregator, values }) => ({
    name,
    help,
    type,
    aggregator,
    values: [...values],
  }));
}

/** Families that are known already, as something to write out. */
export function sourceOf(families: readonly Family[]): FamilySource {
  return { getMetricsAsArray: () => families.map((family) => ({ ...family, values: () => family.values })) };
}
