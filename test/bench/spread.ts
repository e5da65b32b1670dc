/** Several measurements of one thing. */
export type Spread = { median: number; low: number; high: number };

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (i: number) => sorted[i] ?? Number.NaN;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    low: at(0),
    high: at(sorted.length - 1),
  };
}

/** `12.3`, or `12.3 (11.9-13.0)` when there is more than one value to show. */
export function show({ median, low, high }: Spread, digits: number): string {
  const [m, l, h] = [median, low, high].map((value) => value.toFixed(digits));
  if (Number.isNaN(median)) return "-";
  return l === h ? `${m}` : `${m} (${l}-${h})`;
}
