import { expect, test } from "bun:test";
import type { Connection } from "../../gateway/store/postgres/connection.ts";
import { changeFeed } from "../../gateway/store/postgres/feed.ts";
import { until } from "../support/until.ts";

/** A server that answers while it is told to. */
function stand() {
  const server = { answers: true, statements: 0 };
  const open = async () => {
    if (!server.answers) throw new Error("connection refused");
    return {
      client: {
        async unsafe() {
          if (!server.answers) throw new Error("the connection broke");
          server.statements++;
        },
      },
      ended: Promise.withResolvers<void>().promise,
      isOpen: () => true,
      close: async () => undefined,
      destroy: () => undefined,
    } as unknown as Connection;
  };
  const clock = { nowMs: 1000 };
  const failures: unknown[] = [];
  const events = { changeFeedFailed: (error: unknown) => void failures.push(error) };
  const feed = changeFeed(open, { heartbeatMs: 5, answerMs: 1000, maxPauseMs: 5 }, events, () => clock.nowMs);
  return { server, clock, failures, feed };
}

test("news is as old as the server's last answer: while it is silent, older and older", async () => {
  const { server, clock, failures, feed } = stand();
  await using _ = feed;
  expect(feed.ageMs()).toBeUndefined();
  const stop = await feed.listen(
    "changes",
    () => undefined,
    () => undefined,
  );
  expect(feed.ageMs()).toBe(0);
  clock.nowMs += 400;
  const { statements } = server;
  await until("a heartbeat", () => server.statements > statements + 1);
  expect(feed.ageMs()).toBe(0);

  server.answers = false;
  await until("some failures", () => failures.length > 3);
  clock.nowMs += 60_000;
  expect(feed.ageMs()).toBe(60_000);
  server.answers = true;
  await until("the connection is back", () => feed.ageMs() === 0);
  await stop();
  expect(feed.ageMs()).toBeUndefined();
});
