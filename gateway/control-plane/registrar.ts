import type { Events } from "../observe/events.ts";
import type { Found, FoundData, Leadership } from "../runtime/runtime.ts";
import { type Kind, managerOf, type Resource, type Store, workloadKinds } from "../store/store.ts";
import type { View } from "../store/view.ts";
import { before } from "./before.ts";
import { foundRecord, maker, registrationOf } from "./registration.ts";
import { sightings } from "./sightings.ts";
import { type Backlog, type Pause, workQueue } from "./work-queue.ts";

export type Registrar = AsyncDisposable & {
  /** Names that may not be registered as they are yet. */
  backlog(): Backlog;
};

const author = { id: maker, requestId: "registrar" } as const;
const resyncMs = 60_000;
const usualLingerMs = 10_000;

/**
 * Keeps a record for every adapter that people run themselves in the cluster, as long as something of it is there: one worker
 * per name, retried with growing pauses, and all names again every minute. Nothing is remembered that a restart could lose
 * but how long things have been as they are. Of several gateways the leading one works.
 */
export function openRegistrar({
  store,
  view,
  found,
  leadership,
  events,
  now,
  lingerMs = usualLingerMs,
  pause,
}: {
  store: Pick<Store, "create" | "update" | "markDeleting" | "purge">;
  view: View;
  found: Pick<Found, "names" | "get" | "onChange" | "explain">;
  leadership: Leadership;
  events: Pick<Events, "reconciled" | "registrationFailed" | "resourceWritten">;
  /** Milliseconds since 1970. */
  now: () => number;
  /** How long a record outlives what it was made for. */
  lingerMs?: number;
  pause?: Pause;
}): Registrar {
  const sighted = sightings(now);
  const timers = new Map<string, Timer>();
  const closing = new AbortController();
  const queue = workQueue<string>({
    work: register,
    mayWork: () => leadership.leading(),
    onFailure: (adapter, attempt, retryInMs, error) =>
      events.registrationFailed({ adapter, attempt, retryInMs }, error),
    onAttempt: (_, { result, ms, isRetry }) =>
      events.reconciled({ kind: "registration", result, seconds: ms / 1000, isRetry }),
    pause,
  });

  const unwatch = found.onChange(queue.hurry);
  const unsubscribe = view.subscribe((kind, name) => void (kind !== "server" && queue.hurry(name)));
  const unfollow = leadership.onChange(() => {
    // Whoever led meanwhile has seen what this gateway has not.
    sighted.forget();
    queue.wake();
    addAll();
  });
  const resync = setInterval(addAll, resyncMs);
  addAll();

  return {
    backlog: () => queue.backlog(),
    async [Symbol.asyncDispose]() {
      closing.abort();
      unwatch();
      unsubscribe();
      unfollow();
      clearInterval(resync);
      for (const timer of timers.values()) clearTimeout(timer);
      await queue[Symbol.asyncDispose]();
    },
  };

  function addAll(): void {
    if (!leadership.leading() || closing.signal.aborted) return;
    const records = view.list("adapter").filter(({ body }) => managerOf(body) === "kubernetes");
    for (const name of new Set([...found.names(), ...records.map((record) => record.name)])) queue.add(name);
  }

  async function register(name: string): Promise<void> {
    clearTimeout(timers.get(name));
    timers.delete(name);
    const record = view.get("adapter", name) ?? view.get("tool", name);
    const adapter = found.get(name);
    const steadyMs = sighted.steadyMs(name, adapter);
    if (!adapter && !record) sighted.drop(name);
    const registration = registrationOf({ found: adapter, steadyMs, record }, lingerMs);
    found.explain(name, registration.state === "refuse" ? registration.why : undefined);
    switch (registration.state) {
      case "create":
        return create(name, registration.data);
      case "update":
        return update(registration.record, registration.data);
      case "remove":
        return remove(registration.record);
      case "purge":
        return purge(registration.record);
      case "wait":
        return lookAgain(name, registration.ms);
      case "settled":
      case "refuse":
        return;
    }
  }

  function lookAgain(name: string, ms: number): void {
    if (closing.signal.aborted) return;
    timers.set(name, setTimeout(queue.add, ms, name));
  }

  async function create(name: string, data: FoundData): Promise<void> {
    const created = await store.create("adapter", name, foundRecord(name, data, atNow()), author);
    if (created.state === "written") return written("create", created.resource);
    // Somebody was faster.
    for (const kind of workloadKinds) await heard(kind, name);
  }

  async function update({ name, revision, body }: Resource<"adapter">, data: FoundData): Promise<void> {
    const changed = { ...body, ...data, lastUpdatedAt: atNow() };
    const updated = await store.update("adapter", name, revision, changed, author);
    if (updated.state === "written") return written("update", updated.resource);
    await heard("adapter", name);
  }

  async function remove({ name, revision }: Resource<"adapter">): Promise<void> {
    const marked = await store.markDeleting("adapter", name, revision, author);
    if (marked.state === "written") return written("delete", marked.resource);
    await heard("adapter", name);
  }

  /** The view has heard of the mark. There is nothing else to wait for: what ran for it has gone. */
  async function purge({ name, uid }: Resource<"adapter">): Promise<void> {
    await store.purge("adapter", name, uid);
    await heard("adapter", name);
  }

  async function written(action: string, { kind, name, revision }: Resource): Promise<void> {
    const by = { by: author.id, requestId: author.requestId, author: "registrar" } as const;
    events.resourceWritten({ action, kind, name, revision, ...by });
    await heard(kind, name);
  }

  /** Resolves when the view is up to date with the store; what it hears leads here again. */
  function heard(kind: Kind, name: string): Promise<void> {
    return before(closing.signal, view.refresh(kind, name));
  }

  function atNow(): string {
    return new Date(now()).toISOString();
  }
}
