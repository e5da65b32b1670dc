import type { Endpoint, Endpoints } from "../runtime.ts";

/** Endpoints in memory, made anew when something changes that they are made of. */
export function keptEndpoints({
  names,
  endpointsOf,
  onChange,
}: {
  /** Whose there are at the start. */
  names: Iterable<string>;
  endpointsOf: (name: string) => readonly Endpoint[];
  onChange: (listener: (name: string) => void) => () => void;
}): Endpoints & Disposable {
  const known = new Map<string, readonly Endpoint[]>();
  const listeners = new Set<(name: string) => void>();
  const none: readonly Endpoint[] = [];
  for (const name of names) update(name);
  const unsubscribe = onChange(update);

  return {
    of: (name) => known.get(name) ?? none,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [Symbol.dispose]: unsubscribe,
  };

  function update(name: string): void {
    const before = known.get(name) ?? none;
    const now = endpointsOf(name);
    if (Bun.deepEquals(before, now)) return;
    if (now.length > 0) known.set(name, now);
    else known.delete(name);
    for (const listener of listeners) listener(name);
  }
}
