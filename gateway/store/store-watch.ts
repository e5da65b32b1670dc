import { setTimeout as sleep } from "node:timers/promises";
import { inTime } from "./in-time.ts";
import type { Pause } from "./reading-queue.ts";
import type { Store } from "./store.ts";
import type { View } from "./view.ts";

/** Whether the store answers. `degraded` says in words why not all that this gateway does is possible. */
export type StoreWatch = AsyncDisposable & { health(): "ok" | { readonly degraded: string } };

export type StoreWatchEvents = {
  storeSilent(error: unknown): void;
  storeBack(what: { awayMs: number }): void;
};

/** An outage is noticed after both at the latest, and so is its end. */
export const storeWatchLimits = { lookEveryMs: 2_000, answerMs: 5_000 };

/** Any name will do: that there is nothing of this name is an answer, too. */
const anyName = "store-watch";

/**
 * Asks the store for something small, again and again. When it answers after an outage, the view reads everything, since
 * news may have been lost; the outage is over once it has. `now` in milliseconds since 1970.
 */
export function storeWatch({
  store,
  view,
  now,
  events,
  limits = storeWatchLimits,
  pause = (ms, signal) => sleep(ms, undefined, { signal }),
}: {
  store: Pick<Store, "get">;
  view: Pick<View, "reload">;
  now: () => number;
  events: StoreWatchEvents;
  limits?: typeof storeWatchLimits;
  pause?: Pause;
}): StoreWatch {
  const closing = new AbortController();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  let silentSinceMs: number | undefined;
  const watching = watch();

  return {
    health() {
      if (silentSinceMs === undefined) return "ok";
      const since = new Date(silentSinceMs).toISOString();
      const effect = "Traffic goes on with what was known then; changes and the REST API's answers wait for it.";
      return { degraded: `The database has not answered since ${since}. ${effect}` };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      close();
      await watching;
    },
  };

  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      await look();
      // It rejects when aborted; then the loop ends.
      await pause(limits.lookEveryMs, closing.signal).catch(() => undefined);
    }
  }

  async function look(): Promise<void> {
    try {
      await inTime(limits.answerMs, Promise.race([store.get("adapter", anyName), closed]));
    } catch (error) {
      if (silentSinceMs === undefined) events.storeSilent(error);
      silentSinceMs ??= now();
      return;
    }
    if (silentSinceMs === undefined) return;
    await Promise.race([view.reload(), closed]);
    if (closing.signal.aborted) return;
    events.storeBack({ awayMs: now() - silentSinceMs });
    silentSinceMs = undefined;
  }
}
