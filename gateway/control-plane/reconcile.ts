import { setTimeout as sleep } from "node:timers/promises";
import type { Events } from "../observe/events.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Store } from "../store/store.ts";
import type { View } from "../store/view.ts";
import { workloadOf } from "./workload.ts";

export interface Reconciler extends AsyncDisposable {
  /** Brings the view up to date with a write just made; the runtime follows on its own. */
  observe(name: string): Promise<void>;
  /** Resolves when nothing is left to do for this name, or after a named limit. */
  settled(name: string): Promise<void>;
}

const firstRetryMs = 500;
const maxRetryMs = 30_000;
const resyncMs = 60_000;
const settleLimitMs = 20_000;

/**
 * Drives the runtime towards the store until they agree: one worker per name, retried with growing pauses, and all names
 * again every minute. The store is the truth, so a crash between any two steps heals here.
 */
export async function openReconciler({
  store,
  view,
  runtime,
  events,
}: {
  store: Store;
  view: View;
  runtime: Runtime;
  events: Events;
}): Promise<Reconciler> {
  const closing = new AbortController();
  /** Names under work; `again` when something changed since the work began. */
  const workers = new Map<string, { again: boolean; done: Promise<void> }>();

  const unsubscribe = view.subscribe((_kind, name) => touch(name));
  const timer = setInterval(() => void touchAll(), resyncMs);
  await touchAll();

  return {
    observe: (name) => view.refresh("adapter", name),
    async settled(name) {
      const { promise: limit, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, settleLimitMs);
      await Promise.race([workers.get(name)?.done, limit]);
      clearTimeout(timer);
    },
    async [Symbol.asyncDispose]() {
      unsubscribe();
      clearInterval(timer);
      closing.abort();
      await Promise.all([...workers.values()].map(({ done }) => done));
    },
  };

  async function touchAll(): Promise<void> {
    for (const { name } of view.list("adapter")) touch(name);
    try {
      for (const name of await runtime.names()) touch(name);
    } catch (error) {
      events.resyncFailed(error);
    }
  }

  function touch(name: string): void {
    if (closing.signal.aborted) return;
    const worker = workers.get(name);
    if (worker) worker.again = true;
    else {
      const started = { again: false, done: Promise.resolve() };
      workers.set(name, started);
      started.done = work(name, started).finally(() => workers.delete(name));
    }
  }

  async function work(name: string, worker: { again: boolean }): Promise<void> {
    for (let attempt = 1; !closing.signal.aborted;) {
      worker.again = false;
      try {
        await reconcile(name);
        if (!worker.again) return;
        attempt = 1;
      } catch (error) {
        const retryInMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (attempt - 1));
        events.reconcileFailed({ kind: "adapter", name, attempt: attempt++, retryInMs }, error);
        // It rejects when aborted; then the loop ends.
        await sleep(retryInMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  async function reconcile(name: string): Promise<void> {
    const adapter = view.get("adapter", name);
    if (!adapter) return runtime.remove(name);
    if (!adapter.deleting) return runtime.apply(workloadOf(adapter.body, adapter.uid));
    await runtime.remove(name);
    await store.purge("adapter", name, adapter.uid);
    await view.refresh("adapter", name);
  }
}
