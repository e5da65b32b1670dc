import { setTimeout as sleep } from "node:timers/promises";
import type { ToolCall } from "../observe/requests/tool-call.ts";
import { callEntry, type KeptArguments } from "./call-entry.ts";
import type { Pause } from "./reading-queue.ts";
import type { CallEntry, Store } from "./store.ts";

/** Tool calls on their way into the store. Nobody waits for it: neither does a call, nor does it fail. */
export type AuditTrail = AsyncDisposable & {
  note(call: ToolCall): void;
  /** How many are not in the store yet. */
  waiting(): number;
};

export type AuditTrailLimits = {
  /** Calls that may wait for the store, beside the one batch that is being written. */
  readonly maxWaiting: number;
  /** Calls in one write; so many are written at once, fewer after `gatherMs`. */
  readonly batch: number;
  readonly gatherMs: number;
  /** How long disposal waits for the last writes. */
  readonly closingMs: number;
};

/**
 * 100 calls take PGlite 5 to 20 ms of this process' one thread, so larger batches would be felt by the traffic. An
 * outage of the store is bridged for 10 000 calls, which are about 5 MB (with `full` arguments up to 160 MB).
 */
export const auditTrailLimits: AuditTrailLimits = { maxWaiting: 10_000, batch: 100, gatherMs: 1_000, closingMs: 5_000 };

export type AuditTrailEvents = {
  auditWritten(count: number): void;
  auditWriteFailed(what: { attempt: number; waiting: number; retryInMs: number }, error: unknown): void;
  /** So many calls will never be in the store; lines in the access log are all there is of them. */
  auditLost(what: { count: number; why: string }): void;
};

const firstPauseMs = 100;
const maxPauseMs = 30_000;

/**
 * Takes calls without waiting and writes them in batches, each again and again with growing pauses until the store has
 * it. When too many wait, the oldest are given up, and that is told. Disposal writes what is left, as far as the store
 * takes it at the first attempt. `now` in milliseconds since 1970.
 */
export function auditTrail({
  store,
  now,
  events,
  kept = "hash",
  limits = auditTrailLimits,
  pause = (ms, signal) => sleep(ms, undefined, { signal }),
}: {
  store: Pick<Store, "recordCalls">;
  now: () => number;
  events: AuditTrailEvents;
  kept?: KeptArguments;
  limits?: AuditTrailLimits;
  pause?: Pause;
}): AuditTrail {
  const closing = new AbortController();
  const waiting: CallEntry[] = [];
  let pushedOut = 0;
  let beingWritten = 0;
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;

  return {
    note(call) {
      const entry = callEntry(call, new Date(now()), kept);
      if (closing.signal.aborted) return tellLost(1, stopped);
      if (waiting.length >= limits.maxWaiting) {
        waiting.shift();
        pushedOut++;
      }
      waiting.push(entry);
      if (waiting.length >= limits.batch) write();
      else gathering ??= setTimeout(write, limits.gatherMs);
    },
    waiting: () => waiting.length + beingWritten,
    async [Symbol.asyncDispose]() {
      closing.abort();
      write();
      const { promise: limit, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, limits.closingMs);
      await Promise.race([writing, limit]);
      clearTimeout(timer);
      tellLost(waiting.splice(0).length + beingWritten, stopped);
    },
  };

  function write(): void {
    clearTimeout(gathering);
    gathering = undefined;
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
  }

  async function writeAll(): Promise<void> {
    // Traffic goes first: PGlite holds the thread while it writes, from one batch to the next.
    for (; waiting.length > 0; await sleep(0)) {
      const batch = waiting.splice(0, limits.batch);
      beingWritten = batch.length;
      if (!(await isWritten(batch))) return;
      beingWritten = 0;
      events.auditWritten(batch.length);
      tellLost(pushedOut, "too many waited for the store");
      pushedOut = 0;
    }
  }

  /** False when the gateway stops before the store takes it. */
  async function isWritten(batch: readonly CallEntry[]): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const isLastAttempt = closing.signal.aborted;
      try {
        await store.recordCalls(batch);
        return true;
      } catch (error) {
        const retryInMs = Math.min(firstPauseMs * 2 ** (attempt - 1), maxPauseMs);
        events.auditWriteFailed({ attempt, waiting: batch.length + waiting.length, retryInMs }, error);
        if (isLastAttempt) return false;
        // It rejects when aborted; then comes the last attempt.
        await pause(retryInMs, closing.signal).catch(() => undefined);
      }
    }
  }

  function tellLost(count: number, why: string): void {
    if (count > 0) events.auditLost({ count, why });
  }
}

const stopped = "the gateway stopped";
