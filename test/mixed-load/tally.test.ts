import { expect, test } from "bun:test";
import { newTally } from "./tally.ts";

test("verdicts are counted by kind, latencies of those that have one in all and lately", () => {
  const tally = newTally();
  tally.judged("call", { state: "right" }, 1);
  tally.judged("call", { state: "right" }, 3);
  tally.judged("call", { state: "lost", why: "it was cut off" }, 9);
  tally.judged("stream", { state: "in-flight" }, undefined);
  expect(Object.fromEntries(tally.counts())).toEqual({
    call: { right: 2, told: 0, "in-flight": 0, lost: 1 },
    stream: { right: 0, told: 0, "in-flight": 1, lost: 0 },
  });
  expect(tally.lately()).toEqual({ answers: 3, p50Ms: 3, p99Ms: 9 });
  tally.judged("call", { state: "told" }, 5);
  expect(tally.lately()).toEqual({ answers: 1, p50Ms: 5, p99Ms: 5 });
  expect(tally.total()).toEqual({ answers: 4, p50Ms: 3, p99Ms: 9 });
});

test("figures, losses and reopened sessions are kept", () => {
  const tally = newTally();
  tally.add("events");
  tally.add("events", 4);
  tally.lost({ atMs: 7, what: "an event" });
  tally.reopened(20);
  expect(tally.figure("events")).toBe(5);
  expect(tally.figure("resumed")).toBe(0);
  expect(tally.losses()).toEqual([{ atMs: 7, what: "an event" }]);
  expect(tally.reopenings()).toEqual([20]);
});
