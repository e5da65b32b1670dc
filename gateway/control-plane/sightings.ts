type Sighting = { readonly seen: unknown; readonly sinceMs: number };

/** How long things have been as they are, by those who look at them. */
export function sightings(now: () => number) {
  const byName = new Map<string, Sighting>();
  return {
    /** Milliseconds since it was first seen like this; `seen` is undefined for what is gone. */
    steadyMs(name: string, seen: unknown): number {
      const before = byName.get(name);
      if (before && Bun.deepEquals(before.seen, seen)) return now() - before.sinceMs;
      byName.set(name, { seen, sinceMs: now() });
      return 0;
    },
    drop: (name: string) => void byName.delete(name),
    forget: () => byName.clear(),
  };
}
