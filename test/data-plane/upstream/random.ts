/** Chance that comes out the same for the same seed. */
export type Random = {
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  /** True so often: 0.1 is once in ten times. */
  chance(probability: number): boolean;
  oneOf<Value>(values: readonly Value[]): Value;
};

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (end) => Math.floor(next() * end),
    chance: (probability) => next() < probability,
    oneOf: (values) => values[Math.floor(next() * values.length)] as (typeof values)[number],
  };
}

/** The same bytes in pieces: most of them short, since cuts matter most where lines end. */
export function cutAnywhere(whole: Buffer, random: Random): Buffer[] {
  const longest = random.oneOf([1, 3, 40, 2000]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length;) {
    const end = at + 1 + random.below(longest);
    pieces.push(whole.subarray(at, end));
    at = end;
  }
  return pieces;
}
