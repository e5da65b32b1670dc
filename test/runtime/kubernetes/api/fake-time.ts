/** Time that moves only when a test says so. */
export function fakeTime(startMs = 0) {
  let nowMs = startMs;
  let waiting: { atMs: number; resolve: () => void }[] = [];
  const paused: number[] = [];
  return {
    now: () => nowMs,
    /** Every pause that was asked for. */
    paused,
    pause(ms: number, signal: AbortSignal): Promise<void> {
      paused.push(ms);
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wait = { atMs: nowMs + ms, resolve };
        waiting.push(wait);
        signal.addEventListener("abort", () => {
          waiting = waiting.filter((other) => other !== wait);
          resolve();
        });
      });
    },
    /** As if nothing had run meanwhile. */
    jump(toMs: number): void {
      nowMs = toMs;
    },
    /** Goes from one pause's end to the next, and lets what was waiting for it come to its next wait. */
    async forward(ms: number): Promise<void> {
      const endMs = nowMs + ms;
      await settled();
      for (;;) {
        const next = waiting.toSorted((a, b) => a.atMs - b.atMs).at(0);
        if (!next || next.atMs > endMs) break;
        nowMs = next.atMs;
        waiting = waiting.filter((other) => other !== next);
        next.resolve();
        await settled();
      }
      nowMs = endMs;
    },
  };
}

/** Lets what has begun come to its end, as far as it waits for nothing from outside. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await nextTurn();
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
