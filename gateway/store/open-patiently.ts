import { setTimeout as sleep } from "node:timers/promises";
import { StoreUnavailable } from "./store.ts";

export type OpenPatientlyEvents = {
  storeNotOpened(what: { attempt: number; retryInMs: number }, error: unknown): void;
};

/** A database that is started together with its gateways is there by then, and one that is failed over, too. */
export const openLimitMs = 60_000;
const firstPauseMs = 500;
const maxPauseMs = 5_000;

/**
 * Opens what may come up later than this gateway: tried again while it is unavailable, with growing pauses, up to a limit.
 * Any other failure is final, since waiting cures neither a wrong password nor a newer schema. `now` in milliseconds.
 */
export async function openPatiently<Opened>({
  open,
  now,
  events,
  limitMs = openLimitMs,
  pause = sleep,
}: {
  open: () => Promise<Opened>;
  now: () => number;
  events: OpenPatientlyEvents;
  limitMs?: number;
  pause?: (ms: number) => Promise<unknown>;
}): Promise<Opened> {
  const endMs = now() + limitMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      const retryInMs = Math.min(firstPauseMs * 2 ** (attempt - 1), maxPauseMs);
      if (now() + retryInMs > endMs) throw gaveUp(limitMs, error);
      events.storeNotOpened({ attempt, retryInMs }, error);
      await pause(retryInMs);
    }
  }
}

function gaveUp(limitMs: number, cause: StoreUnavailable): StoreUnavailable {
  const sentence = `The store of STORE_URL could not be opened in ${limitMs / 1000} s: ${cause.message}`;
  return new StoreUnavailable(sentence, { cause });
}
