import type { Events } from "../observe/events.ts";
import type { Leadership, Runtime } from "../runtime/runtime.ts";
import { type Kind, managerOf, type Resource, type Store, type WorkloadKind, workloadKinds } from "../store/store.ts";
import type { View } from "../store/view.ts";
import { before } from "./before.ts";
import { type Backlog, type Pause, workQueue } from "./work-queue.ts";
import { workloadOf } from "./workload.ts";

export interface Reconciler extends AsyncDisposable {
  /** Brings the view up to date with a write just made; the runtime follows on its own. */
  observe(kind: Kind, name: string): Promise<void>;
  /** Resolves when nothing is left to do for this name, whichever gateway does it, or after a named limit. */
  settled(kind: Kind, name: string): Promise<void>;
  /** What is not as wanted yet: workloads, and virtual servers that are being removed. */
  backlog(): Readonly<Record<TaskKind, Backlog>>;
}

type TaskKind = "workload" | "server";
/** Work that one worker does: all that concerns a workload, whoever has its name, or a virtual server. */
type Task = `${TaskKind}/${string}`;

const resyncMs = 60_000;
const usualSettleLimitMs = 20_000;

/**
 * Drives the runtime towards the store until they agree: one worker per name, retried with growing pauses, and all names
 * again every minute. The store is the truth, so a crash between any two steps heals here. For a virtual server nothing
 * runs; its record goes once it is marked. Of several gateways the leading one works: another one only keeps its view. Who
 * loses the lead takes no further step, and who gets it looks at everything.
 */
export async function openReconciler({
  store,
  view,
  runtime,
  leadership,
  events,
  settleLimitMs = usualSettleLimitMs,
  pause,
}: {
  store: Pick<Store, "purge">;
  view: View;
  runtime: Pick<Runtime, "apply" | "remove" | "names" | "onDrift">;
  leadership: Leadership;
  events: Pick<Events, "reconciled" | "reconcileFailed" | "resyncFailed" | "leftoverKept">;
  settleLimitMs?: number;
  pause?: Pause;
}): Promise<Reconciler> {
  const closing = new AbortController();
  const queue = workQueue<Task>({
    work: reconcile,
    mayWork: () => leadership.leading(),
    onFailure(task, attempt, retryInMs, error) {
      const [kind, name] = partsOf(task);
      events.reconcileFailed({ kind, name, attempt, retryInMs }, error);
    },
    onAttempt(task, { result, ms, isRetry }) {
      const [kind] = partsOf(task);
      events.reconciled({ kind, result, seconds: ms / 1000, isRetry });
    },
    pause,
  });

  const unsubscribe = view.subscribe((kind, name) => queue.hurry(taskOf(kind, name)));
  const unwatch = runtime.onDrift((name) => queue.add(`workload/${name}`));
  const unfollow = leadership.onChange(() => {
    queue.wake();
    void addAll();
  });
  const timer = setInterval(() => void addAll(), resyncMs);
  await addAll();

  return {
    observe: (kind, name) => view.observe(kind, name),
    async settled(kind, name) {
      const over = AbortSignal.any([closing.signal, AbortSignal.timeout(settleLimitMs)]);
      await before(over, queue.done(taskOf(kind, name)));
      await gone(kind, name, over);
    },
    backlog: () => ({ workload: queue.backlog(isOf("workload")), server: queue.backlog(isOf("server")) }),
    async [Symbol.asyncDispose]() {
      unsubscribe();
      unwatch();
      unfollow();
      clearInterval(timer);
      closing.abort();
      await queue[Symbol.asyncDispose]();
    },
  };

  async function addAll(): Promise<void> {
    if (!leadership.leading() || closing.signal.aborted) return;
    for (const kind of [...workloadKinds, "server"] as const) {
      for (const { name } of view.list(kind)) queue.add(taskOf(kind, name));
    }
    try {
      for (const name of await runtime.names()) queue.add(`workload/${name}`);
    } catch (error) {
      events.resyncFailed(error);
    }
  }

  function reconcile(task: Task): Promise<void> {
    const [kind, name] = partsOf(task);
    return kind === "server" ? reconcileServer(name) : reconcileWorkload(name);
  }

  async function reconcileWorkload(name: string): Promise<void> {
    // Drift tells of what somebody else runs, too.
    if (!wantedAs(name) && !(await runtime.names()).includes(name)) return;
    const wanting = wantedAs(name) ?? (await storedAs(name));
    if (!mayGoOn()) return;
    if (!wanting) return removeLeftover(name);
    // Neither what runs for it nor its record is ours to change: the registrar's is the record.
    if (managerOf(wanting.body) === "kubernetes") return;
    if (!wanting.deleting) return runtime.apply(workloadOf(wanting));
    await remove(name);
    if (mayGoOn()) await purge(wanting);
  }

  /**
   * A record goes after its workload, so one without a record is a leftover. In a store without any record it is more likely
   * the wrong store, and everything that runs would go.
   */
  async function removeLeftover(name: string): Promise<void> {
    // What was found in the cluster is in any store.
    const isEmpty = workloadKinds.every((kind) =>
      view.list(kind).every(({ body }) => managerOf(body) === "kubernetes"),
    );
    if (isEmpty) events.leftoverKept({ name });
    else await remove(name);
  }

  /** Replicas may take hours to end: who closes does not wait for them, and the next one sees it through. */
  function remove(name: string): Promise<void> {
    return before(closing.signal, runtime.remove(name));
  }

  /** Both are there while the view has yet to hear that one has gone; then its news brings us here again. */
  function wantedAs(name: string): Resource<WorkloadKind> | undefined {
    return view.get("adapter", name) ?? view.get("tool", name);
  }

  /** What another gateway wrote and started just now may run before this view has heard of it: it is no leftover. */
  async function storedAs(name: string): Promise<Resource<WorkloadKind> | undefined> {
    for (const kind of workloadKinds) await before(closing.signal, view.refresh(kind, name));
    return wantedAs(name);
  }

  async function reconcileServer(name: string): Promise<void> {
    const server = view.get("server", name);
    if (server?.deleting) await purge(server);
  }

  async function purge({ kind, name, uid }: Resource): Promise<void> {
    await store.purge(kind, name, uid);
    await before(closing.signal, view.refresh(kind, name));
  }

  function mayGoOn(): boolean {
    return leadership.leading() && !closing.signal.aborted;
  }

  /** Resolves when the view has no record of this name that is being deleted. */
  async function gone(kind: Kind, name: string, over: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => view.get(kind, name)?.deleting || resolve();
    const unsubscribe = view.subscribe(look);
    look();
    await before(over, promise);
    unsubscribe();
  }
}

function taskOf(kind: Kind, name: string): Task {
  return kind === "server" ? `server/${name}` : `workload/${name}`;
}

function partsOf(task: Task): [kind: TaskKind, name: string] {
  const slash = task.indexOf("/");
  return [task.slice(0, slash) as TaskKind, task.slice(slash + 1)];
}

function isOf(kind: TaskKind): (task: Task) => boolean {
  return (task) => task.startsWith(`${kind}/`);
}
