import { type Failure, failureInWords } from "./answer.ts";
import type { KubeClient } from "./client.ts";
import { errorInWords } from "./error-in-words.ts";
import { type IdleTimer, idleTimer } from "./idle-timer.ts";
import { LineTooLong, linesOf } from "./json-lines.ts";
import { type ReflectorLimits, reflectorLimits } from "./limits.ts";
import type { Selection } from "./list.ts";
import { mirror, type OnChange } from "./mirror.ts";
import type { KubeObject } from "./object-meta.ts";
import { pause as pauseFor } from "../../pause.ts";
import type { Resource } from "./resources.ts";
import { type WatchEvent, watchEventOf } from "./watch-event.ts";

export type ReflectorEvents = {
  watchInterrupted(what: { kind: string; namespace: string; reason: string; retryInMs: number }): unknown;
};

export type Reflection<O> = {
  get(name: string): O | undefined;
  list(): O[];
  /** Everything there was has been seen once. It stays so while the server is away. */
  readonly synced: boolean;
  /** Why what is here may be old, in words; undefined while the watch holds. */
  readonly lastError: string | undefined;
  /** Resolves after the signal has aborted and nothing is heard any more. */
  readonly done: Promise<void>;
};

export type ReflectOptions<O> = Selection & {
  readonly namespace: string;
  /** Must not throw; what it throws is told as an error, and the object counts as seen. */
  readonly onChange: OnChange<O>;
  readonly onSynced?: () => void;
  readonly signal: AbortSignal;
  readonly limits?: ReflectorLimits;
  readonly events?: ReflectorEvents | undefined;
  /** Of a clock that never goes back. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** How listing and watching came to an end. */
type Ending = {
  readonly reason: string | undefined;
  /** Where the next watch goes on; undefined for a list first. */
  readonly position: string | undefined;
  /** When the watch opened, if it did. */
  readonly openedMs?: number;
};

/**
 * Keeps a copy of a collection: a list, then a watch from there on, again and again until the signal aborts. While the
 * server is away the copy stays as it is; after a gap that a watch cannot bridge (410) a new list is compared with it.
 */
export function reflect<O extends KubeObject>(
  client: Pick<KubeClient, "list" | "watch">,
  resource: Resource<O>,
  {
    namespace,
    labelSelector,
    fieldSelector,
    onChange,
    onSynced,
    signal,
    limits = reflectorLimits,
    events,
    now = () => performance.now(),
    random = Math.random,
    pause = pauseFor,
  }: ReflectOptions<O>,
): Reflection<O> {
  const objects = mirror<O>(onChange);
  let synced = false;
  let lastError: string | undefined;
  const done = run();
  return {
    get: objects.get,
    list: objects.list,
    get synced() {
      return synced;
    },
    get lastError() {
      return lastError;
    },
    done,
  };

  async function run(): Promise<void> {
    let position: string | undefined;
    for (let failures = 0; !signal.aborted;) {
      const ending = await listAndWatch(position).catch(thrown);
      if (signal.aborted) return;
      position = ending.position;
      failures = ending.openedMs !== undefined && now() - ending.openedMs >= limits.heldMs ? 0 : failures + 1;
      const retryInMs = backoff(failures);
      lastError = ending.reason;
      if (ending.reason !== undefined)
        events?.watchInterrupted({ kind: resource.kind, namespace, reason: ending.reason, retryInMs });
      await pause(retryInMs, signal);
    }
  }

  /** Half of it at least, so that a server that comes back is not asked by all at once. */
  function backoff(failures: number): number {
    return Math.min(limits.maxRetryMs, limits.firstRetryMs * 2 ** failures) * (0.5 + 0.5 * random());
  }

  async function listAndWatch(position: string | undefined): Promise<Ending> {
    if (position !== undefined) return watch(position);
    const answer = await client.list(resource, { namespace, labelSelector, fieldSelector, signal });
    if (answer.state !== "ok") return { reason: failureInWords(answer), position: undefined };
    objects.replace(answer.object.items);
    if (!synced) {
      synced = true;
      onSynced?.();
    }
    return watch(answer.object.resourceVersion);
  }

  async function watch(from: string): Promise<Ending> {
    using idle = idleTimer({ idleMs: limits.idleMs, now, pause, signal });
    const [least, most] = limits.watchSeconds;
    const answer = await client.watch(resource, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion: from,
      timeoutSeconds: Math.floor(least + (most - least) * random()),
      signal: idle.signal,
    });
    if (answer.state !== "ok") return { reason: failureInWords(answer), position: afterFailure(answer, from) };
    lastError = undefined;

    const openedMs = now();
    // Awaited here: leaving this function ends the idle timer.
    return { openedMs, ...(await follow(answer.object, from, idle)) };
  }

  async function follow(stream: ReadableStream<Uint8Array>, from: string, idle: IdleTimer): Promise<Ending> {
    let position = from;
    try {
      for await (const line of linesOf(stream, limits.maxLineBytes, idle.heard)) {
        const event = watchEventOf<O>(line);
        if (event.type === "error")
          return { reason: failureInWords(event.failure), position: afterFailure(event.failure, position) };
        position = event.type === "bookmark" ? event.resourceVersion : event.object.metadata.resourceVersion;
        take(event);
      }
      return { reason: undefined, position };
    } catch (error) {
      // An event that cannot be read would come again.
      if (error instanceof LineTooLong) return { reason: error.message, position: undefined };
      return { ...thrown(idle.signal.aborted ? idle.signal.reason : error), position };
    }
  }

  function take(event: WatchEvent<O>): void {
    if (event.type === "put") objects.put(event.object);
    else if (event.type === "removed") objects.remove(event.object);
  }
}

/**
 * A server that is busy or away is asked to go on from where we were. Any other no is answered by a new list: the position
 * is too old (410), or newer than a server restored from a backup can know.
 */
function afterFailure(failure: Failure, position: string): string | undefined {
  const isBusy = failure.state === "unreachable" || failure.status === 429 || failure.status === 503;
  return isBusy ? position : undefined;
}

function thrown(error: unknown): Ending {
  return { reason: errorInWords(error), position: undefined };
}
