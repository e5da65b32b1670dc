import { setTimeout as sleep } from "node:timers/promises";
import type { Pause } from "./reading-queue.ts";
import type { Store } from "./store.ts";

const dayMs = 24 * 3600 * 1000;
const everyMs = 3600 * 1000;
/** So few at once that neither the traffic nor another writer has to wait for it. */
const batch = 200;
const betweenBatchesMs = 20;

export type AuditRetentionEvents = {
  auditPurged(what: { count: number; before: Date }): void;
  auditPurgeFailed(error: unknown): void;
};

/**
 * Takes audit entries away once they are older than `days`: now, and then every hour. What fails is told and tried again
 * at the next hour. Several gateways may do so on one store. `now` in milliseconds since 1970.
 */
export function auditRetention({
  store,
  days,
  now,
  events,
  pause = (ms, signal) => sleep(ms, undefined, { signal }),
}: {
  store: Pick<Store, "purgeAudit">;
  days: number;
  now: () => number;
  events: AuditRetentionEvents;
  pause?: Pause;
}): AsyncDisposable {
  const closing = new AbortController();
  const working = work();

  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await working;
    },
  };

  async function work(): Promise<void> {
    while (!closing.signal.aborted) {
      await purge(new Date(now() - days * dayMs));
      await wait(everyMs);
    }
  }

  async function purge(before: Date): Promise<void> {
    let count = 0;
    try {
      for (let gone = batch; gone === batch && !closing.signal.aborted; await wait(betweenBatchesMs)) {
        gone = await store.purgeAudit(before, batch);
        count += gone;
      }
    } catch (error) {
      events.auditPurgeFailed(error);
    }
    if (count > 0) events.auditPurged({ count, before });
  }

  /** It rejects when aborted; then the loops end. */
  async function wait(ms: number): Promise<void> {
    await pause(ms, closing.signal).catch(() => undefined);
  }
}
