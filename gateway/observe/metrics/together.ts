import type { Together, Value } from "./cells.ts";
import type { Family } from "./families.ts";

const ways: Record<Together, (one: number, other: number) => number> = {
  sum: (one, other) => one + other,
  max: Math.max,
  min: Math.min,
};

/** What several processes say, as if they were one: lines with the same labels become one line. */
export function together(each: readonly (readonly Family[])[]): Family[] {
  const byName = new Map<string, { family: Family; lines: Map<string, Value> }>();
  for (const family of each.flat()) {
    const { lines } = byName.getOrInsertComputed(family.name, () => ({ family, lines: new Map() }));
    const joined = ways[family.aggregator];
    for (const line of family.values) {
      const key = keyOf(line);
      const before = lines.get(key);
      lines.set(key, before ? { ...before, value: joined(before.value, line.value) } : line);
    }
  }
  return [...byName.values()].map(({ family, lines }) => ({ ...family, values: [...lines.values()] }));
}

/** What stays true when a process has ended: what it has counted. */
export function counted(families: readonly Family[]): Family[] {
  return families.filter(({ type }) => type === "counter" || type === "histogram");
}

function keyOf({ metricName = "", labels }: Value): string {
  const names = Object.keys(labels).toSorted();
  return JSON.stringify([metricName, ...names.flatMap((name) => [name, labels[name]])]);
}
