/** Counts durations in steps of one microsecond up to a second; longer ones count as a second. */
export type Histogram = { add(us: number): void; quantileUs(share: number): number };

export function histogram(): Histogram {
  const counts = new Uint32Array(highestUs + 1);
  let total = 0;
  return {
    add(us) {
      const step = us < 0 ? 0 : us > highestUs ? highestUs : us | 0;
      counts[step] = (counts[step] ?? 0) + 1;
      total++;
    },
    /** The lowest duration that at least this share (0..1) of all do not exceed; NaN when there are none. */
    quantileUs(share) {
      if (total === 0) return Number.NaN;
      const wanted = Math.max(1, Math.ceil(share * total));
      let seen = 0;
      for (let us = 0; us <= highestUs; us++) {
        seen += counts[us] ?? 0;
        if (seen >= wanted) return us;
      }
      return highestUs;
    },
  };
}

const highestUs = 1_000_000;
