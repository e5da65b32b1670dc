export type Dice = ReturnType<typeof dice>;

/** Random things, the same ones for the same seed. */
export function dice(seed: number) {
  let state = seed;
  return { next, below, pick, text, bytes, value, part };

  /** From 0 to 1 (mulberry32). */
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  function below(limit: number): number {
    return Math.floor(next() * limit);
  }

  function pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[below(items.length)] ?? items[0];
  }

  function text(): string {
    const characters = ["a", "Z", "0", "/", "~", "-", ".", "é", "💥", "\u0000", "\ud800", '"', "\\", " "] as const;
    return Array.from({ length: below(6) }, () => pick(characters)).join("");
  }

  function bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => below(256));
  }

  /** What JSON can say, nested at most so deep. */
  function value(depth: number): unknown {
    const kind = below(depth > 0 ? 8 : 5);
    if (kind === 0) return null;
    if (kind === 1) return next() < 0.5;
    if (kind === 2) return below(100_000) - 1000;
    if (kind <= 4) return text();
    if (kind === 5) return Array.from({ length: below(5) }, () => value(depth - 1));
    return Object.fromEntries(Array.from({ length: below(5) }, () => [`k${text()}`, value(depth - 1)]));
  }

  /** The same with something changed somewhere; what is not changed is shared. */
  function part(before: unknown, depth: number): unknown {
    if (depth === 0 || next() < 0.2) return value(depth);
    if (Array.isArray(before)) return changedList(before, depth);
    if (typeof before !== "object" || before === null) return next() < 0.5 ? before : value(depth);
    const members = Object.entries(before).flatMap(([name, member]) => {
      if (next() < 0.2) return [];
      return [[name, next() < 0.5 ? member : part(member, depth - 1)] as const];
    });
    return Object.fromEntries(next() < 0.5 ? members : [...members, [text(), value(depth - 1)]]);
  }

  function changedList(before: readonly unknown[], depth: number): unknown[] {
    const kept = before.filter(() => next() < 0.8);
    const at = below(kept.length + 1);
    if (next() < 0.1) return kept.toReversed();
    return next() < 0.5 ? kept : [...kept.slice(0, at), value(depth - 1), ...kept.slice(at)];
  }
}
