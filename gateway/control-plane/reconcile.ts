import { setTimeout as sleep } from "node:timers/promises";
import type { Events } from "../observe/events.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Kind, type Resource, type Store, type WorkloadKind, workloadKinds } from "../store/store.ts";
import type { View } from "../store/view.ts";
import { workloadOf } from "./workload.ts";

export interface Reconciler extends AsyncDisposable {
  /** Brings the view up to date with a write just made; the runtime follows on its own. */
  observe(kind: Kind, name: string): Promise<void>;
  /** Resolves when nothing is left to do for this name, or after a named limit. */
  settled(kind: Kind, name: string): Promise<void>;
}

/** Work that one worker does: all that concerns a workload, whoever has its name, or a virtual server. */
type Task = `workload/${string}` | `server/${string}`;

const firstRetryMs = 500;
const maxRetryMs = 30_000;
const resyncMs = 60_000;
const settleLimitMs = 20_000;

/**
 * Drives the runtime towards the store until they agree: one worker per name, retried with growing pauses, and all names
 * again every minute. The store is the truth, so a crash between any two steps heals here. For a virtual server nothing
 * runs; its record goes once it is marked.
 */
export async function openReconciler({
  store,
  view,
  runtime,
  events,
}: {
  store: Pick<Store, "purge">;
  view: View;
  runtime: Pick<Runtime, "apply" | "remove" | "names">;
  events: Pick<Events, "reconcileFailed" | "resyncFailed">;
}): Promise<Reconciler> {
  const closing = new AbortController();
  /** Tasks under work; `again` when something changed since the work began. */
  const workers = new Map<Task, { again: boolean; done: Promise<void> }>();

  const unsubscribe = view.subscribe((kind, name) => touch(taskOf(kind, name)));
  const timer = setInterval(() => void touchAll(), resyncMs);
  await touchAll();

  return {
    observe: (kind, name) => view.refresh(kind, name),
    async settled(kind, name) {
      const { promise: limit, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, settleLimitMs);
      await Promise.race([workers.get(taskOf(kind, name))?.done, limit]);
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
    for (const kind of [...workloadKinds, "server"] as const) {
      for (const { name } of view.list(kind)) touch(taskOf(kind, name));
    }
    try {
      for (const name of await runtime.names()) touch(`workload/${name}`);
    } catch (error) {
      events.resyncFailed(error);
    }
  }

  function touch(task: Task): void {
    if (closing.signal.aborted) return;
    const worker = workers.get(task);
    if (worker) worker.again = true;
    else {
      const started = { again: false, done: Promise.resolve() };
      workers.set(task, started);
      started.done = work(task, started).finally(() => workers.delete(task));
    }
  }

  async function work(task: Task, worker: { again: boolean }): Promise<void> {
    const slash = task.indexOf("/");
    const kind = task.slice(0, slash);
    const name = task.slice(slash + 1);
    for (let attempt = 1; !closing.signal.aborted;) {
      worker.again = false;
      try {
        await (kind === "server" ? reconcileServer(name) : reconcileWorkload(name));
        if (!worker.again) return;
        attempt = 1;
      } catch (error) {
        const retryInMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (attempt - 1));
        events.reconcileFailed({ kind, name, attempt: attempt++, retryInMs }, error);
        // It rejects when aborted; then the loop ends.
        await sleep(retryInMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  async function reconcileWorkload(name: string): Promise<void> {
    // Both are there while the view has yet to hear that one has gone; then its news brings us here again.
    const wanting: Resource<WorkloadKind> | undefined = view.get("adapter", name) ?? view.get("tool", name);
    if (!wanting) return runtime.remove(name);
    if (!wanting.deleting) return runtime.apply(workloadOf(wanting.kind, wanting.body, wanting.uid));
    await runtime.remove(name);
    await purge(wanting);
  }

  async function reconcileServer(name: string): Promise<void> {
    const server = view.get("server", name);
    if (server?.deleting) await purge(server);
  }

  async function purge({ kind, name, uid }: Resource): Promise<void> {
    await store.purge(kind, name, uid);
    await view.refresh(kind, name);
  }
}

function taskOf(kind: Kind, name: string): Task {
  return kind === "server" ? `server/${name}` : `workload/${name}`;
}
