const factors: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  Ki: 1024,
  M: 1e6,
  Mi: 1024 ** 2,
  G: 1e9,
  Gi: 1024 ** 3,
  T: 1e12,
  Ti: 1024 ** 4,
};

/** A quantity as a number, for comparisons: `250m` is 0.25. NaN for what the contract does not allow. */
export function amountOf(quantity: string): number {
  const [, digits = "", unit = ""] = /^([0-9.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  return digits === "" ? Number.NaN : Number(digits) * (factors[unit] ?? Number.NaN);
}
