import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, OpenConnection } from "./connection.ts";

export type Feed = AsyncDisposable & {
  /** See `Listen` of the SQL store. */
  listen(channel: string, onPayload: (payload: string) => void, onReset: () => void): Promise<() => Promise<void>>;
  /** Milliseconds since the connection that heard least lately was last seen to hear; undefined while nobody listens. */
  ageMs(): number | undefined;
};

/**
 * A connection that leads nowhere is noticed after `heartbeatMs` + `answerMs` at the latest; then it is opened anew, with a
 * pause of `maxPauseMs` at most between attempts.
 */
export type FeedLimits = { readonly heartbeatMs: number; readonly answerMs: number; readonly maxPauseMs: number };

const firstPauseMs = 50;

/** A connection of its own for each who listens, for a connection that waits for news can do nothing else. */
export function changeFeed(
  open: OpenConnection,
  limits: FeedLimits,
  events: { changeFeedFailed(error: unknown): void },
  now: () => number = () => performance.now(),
): Feed {
  const stops = new Set<() => Promise<void>>();
  /** Who listens, and when the server's answer came last: before it, all news had come. */
  const ears = new Set<{ heardMs: number }>();

  return {
    async listen(channel, onPayload, onReset) {
      const closing = new AbortController();
      const first = Promise.withResolvers<void>();
      const ear = { heardMs: now() };
      ears.add(ear);
      const following = follow(closing.signal);
      const stop = async () => {
        stops.delete(stop);
        ears.delete(ear);
        closing.abort();
        first.reject(new Error("The store is closed."));
        await following;
      };
      stops.add(stop);
      await first.promise;
      return stop;

      async function follow(signal: AbortSignal): Promise<void> {
        let heard = false;
        for (let failures = 0; !signal.aborted;) {
          try {
            const connection = await open(guarded(onPayload));
            await hear(connection, signal, () => {
              failures = 0;
              // What was sent while nobody listened is lost.
              if (heard) onReset();
              heard = true;
              first.resolve();
            });
          } catch (error) {
            events.changeFeedFailed(error);
          }
          await wait(Math.min(firstPauseMs * 2 ** failures++, limits.maxPauseMs), signal);
        }
      }

      /** Resolves when the signal aborts, rejects when the connection breaks. */
      async function hear(connection: Connection, signal: AbortSignal, onListening: () => void): Promise<void> {
        try {
          await answered(connection, `listen "${channel}"`);
          ear.heardMs = now();
          onListening();
          while (!signal.aborted) {
            await Promise.race([wait(limits.heartbeatMs, signal), connection.ended]);
            if (signal.aborted) break;
            await answered(connection, "select 1");
            ear.heardMs = now();
          }
          await connection.close();
        } finally {
          connection.destroy();
        }
      }
    },
    ageMs: () => (ears.size === 0 ? undefined : now() - Math.min(...[...ears].map(({ heardMs }) => heardMs))),
    async [Symbol.asyncDispose]() {
      await Promise.all([...stops].map((stop) => stop()));
    },
  };

  async function answered({ client, ended, isOpen }: Connection, statement: string): Promise<void> {
    if (!isOpen()) throw new Error("The connection that hears of changes broke.");
    const given = new AbortController();
    const late = Promise.race([wait(limits.answerMs, given.signal), ended]).then(() => {
      if (!given.signal.aborted) throw new Error("The connection that hears of changes leads nowhere.");
    });
    await Promise.race([client.unsafe(statement), late]).finally(() => given.abort());
  }

  /** A subscriber's bug is not the connection's. */
  function guarded(onPayload: (payload: string) => void): (payload: string) => void {
    return (payload) => {
      try {
        onPayload(payload);
      } catch (error) {
        events.changeFeedFailed(error);
      }
    };
  }
}

/** It rejects when aborted, which ends the wait as well. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
