import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after so many milliseconds, or rejects when the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export type WorkQueue<Key> = AsyncDisposable & {
  /** There is work for this key: it begins now, or once more after what is under way. */
  add(key: Key): void;
  /** The same, for news: a failure before it is no reason to wait any longer. */
  hurry(key: Key): void;
  /** Resolves when nothing is under way for this key. */
  done(key: Key): Promise<void>;
  /** Ends all pauses, so that whoever may work no longer stops. */
  wake(): void;
  /** The keys there is work for, all or some of them. */
  backlog(counts?: (key: Key) => boolean): Backlog;
};

/** How many keys are in a state, and how long the oldest has not been done with. `failing`: its last attempt has failed. */
export type Backlog = {
  readonly [State in "working" | "failing"]: { readonly keys: number; readonly oldestMs: number };
};

/** One attempt that is over. */
export type Attempt = { readonly result: "done" | "failed"; readonly ms: number; readonly isRetry: boolean };

type Worker = {
  /** Something came up since the work began. */
  again: boolean;
  /** Ends the pause after a failure, and the one to come if the work goes on. */
  hurry: AbortController;
  done: Promise<void>;
  state: keyof Backlog;
  /** When there was nothing to do for it last. */
  sinceMs: number;
};

const firstRetryMs = 500;
const maxRetryMs = 30_000;

/**
 * One worker per key, so that no two do the same thing; what fails is tried again, with growing pauses. Nothing begins while
 * `mayWork` says no. Disposal awaits what is under way.
 */
export function workQueue<Key extends string>({
  work,
  mayWork,
  onFailure,
  onAttempt = () => undefined,
  pause = (ms, signal) => sleep(ms, undefined, { signal }),
  now = () => performance.now(),
}: {
  work: (key: Key) => Promise<void>;
  mayWork: () => boolean;
  onFailure: (key: Key, attempt: number, retryInMs: number, error: unknown) => void;
  onAttempt?: (key: Key, attempt: Attempt) => void;
  pause?: Pause;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}): WorkQueue<Key> {
  const workers = new Map<Key, Worker>();
  let closed = false;
  return {
    add,
    hurry(key) {
      workers.get(key)?.hurry.abort();
      add(key);
    },
    done: async (key) => workers.get(key)?.done,
    wake,
    backlog(counts = () => true) {
      const counted = [...workers].filter(([key]) => counts(key)).map(([, worker]) => worker);
      return { working: backlogOf(counted, "working"), failing: backlogOf(counted, "failing") };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      wake();
      await Promise.all([...workers.values()].map(({ done }) => done));
    },
  };

  function add(key: Key): void {
    const known = workers.get(key);
    if (known) known.again = true;
    else {
      const worker: Worker = {
        again: false,
        hurry: new AbortController(),
        done: Promise.resolve(),
        state: "working",
        sinceMs: now(),
      };
      workers.set(key, worker);
      worker.done = run(key, worker);
    }
  }

  function wake(): void {
    for (const { hurry } of workers.values()) hurry.abort();
  }

  async function run(key: Key, worker: Worker): Promise<void> {
    for (let attempt = 1; !closed && mayWork();) {
      worker.again = false;
      worker.hurry = new AbortController();
      const begunMs = now();
      const isRetry = worker.state === "failing";
      try {
        await work(key);
        onAttempt(key, { result: "done", ms: now() - begunMs, isRetry });
        if (!worker.again) break;
        attempt = 1;
        worker.state = "working";
        worker.sinceMs = now();
      } catch (error) {
        onAttempt(key, { result: "failed", ms: now() - begunMs, isRetry });
        worker.state = "failing";
        const retryInMs = Math.min(maxRetryMs, firstRetryMs * 2 ** (attempt - 1));
        onFailure(key, attempt++, retryInMs, error);
        // It rejects when aborted, and is over then.
        await pause(retryInMs, worker.hurry.signal).catch(() => undefined);
        if (worker.hurry.signal.aborted) attempt = 1;
      }
    }
    // In one go with the decision to end: what is added from now on gets a worker of its own.
    workers.delete(key);
  }

  function backlogOf(counted: readonly Worker[], state: keyof Backlog): Backlog["working"] {
    const nowMs = now();
    const agesMs = counted.filter((worker) => worker.state === state).map(({ sinceMs }) => nowMs - sinceMs);
    return { keys: agesMs.length, oldestMs: agesMs.reduce((oldest, age) => Math.max(oldest, age), 0) };
  }
}
