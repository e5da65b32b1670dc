import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after so many milliseconds, or rejects when the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export type ReadingQueue<Item> = AsyncDisposable & {
  /**
   * Resolves when a reading that began after this call has succeeded, however many failed before, or at disposal.
   * An item that is in the line already is read once for all who added it.
   */
  add(item: Item): Promise<void>;
  /** How long the oldest item has been waiting for a reading that succeeds; 0 when there is none. */
  lagMs(): number;
};

type Waiting = PromiseWithResolvers<void> & { readonly sinceMs: number };

const firstPauseMs = 50;
const maxPauseMs = 2_000;

/**
 * Reads one item after the other, so that no reading is overtaken by a later one. What fails goes to the end of the
 * line, and the next reading waits, longer with each failure in a row. Disposal awaits the reading under way.
 */
export function readingQueue<Item extends string>({
  read,
  onFailure,
  pause = (ms, signal) => sleep(ms, undefined, { signal }),
  now = () => performance.now(),
}: {
  read: (item: Item) => Promise<void>;
  onFailure: (error: unknown) => void;
  pause?: Pause;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}): ReadingQueue<Item> {
  const line = new Map<Item, Waiting>();
  let beingRead: Waiting | undefined;
  const closing = new AbortController();
  let working: Promise<void> | undefined;

  return {
    add(item) {
      if (closing.signal.aborted) return Promise.resolve();
      const waiting = line.get(item) ?? { ...Promise.withResolvers<void>(), sinceMs: now() };
      line.set(item, waiting);
      working ??= work();
      return waiting.promise;
    },
    lagMs() {
      const all = [...line.values(), ...(beingRead ? [beingRead] : [])];
      return all.reduce((lag, { sinceMs }) => Math.max(lag, now() - sinceMs), 0);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await working;
      for (const waiting of line.values()) waiting.resolve();
    },
  };

  async function work(): Promise<void> {
    let failures = 0;
    for (let [next] = line; next && !closing.signal.aborted; [next] = line) {
      const [item, waiting] = next;
      // Out of the line before it is read: a change from now on needs a reading of its own.
      line.delete(item);
      beingRead = waiting;
      try {
        await read(item);
        waiting.resolve();
        beingRead = undefined;
        failures = 0;
      } catch (error) {
        onFailure(error);
        beingRead = undefined;
        putBack(item, waiting);
        // It rejects when aborted; then the loop ends.
        await pause(Math.min(firstPauseMs * 2 ** failures++, maxPauseMs), closing.signal).catch(() => undefined);
      }
    }
    working = undefined;
  }

  function putBack(item: Item, waiting: Waiting): void {
    const again = line.get(item);
    if (again) void again.promise.then(waiting.resolve);
    line.set(item, again ? { ...again, sinceMs: waiting.sinceMs } : waiting);
  }
}
