import { expect, test } from "bun:test";
import { workQueue } from "../../gateway/control-plane/work-queue.ts";
import { until } from "../support/until.ts";
import { endlessPauses } from "./stand.ts";

const told = () => undefined;
const always = () => true;

test("a key has one worker, and what is added meanwhile is one more round", async () => {
  const rounds: string[] = [];
  const held = Promise.withResolvers<void>();
  const work = async (key: string) => {
    rounds.push(key);
    if (key === "a") await held.promise;
  };
  await using queue = workQueue({ work, mayWork: always, onFailure: told });
  for (const key of ["a", "a", "a", "b"]) queue.add(key);
  await queue.done("b");
  expect(rounds).toEqual(["a", "b"]);
  held.resolve();
  await queue.done("a");
  expect(rounds).toEqual(["a", "b", "a"]);
});

test("what is added in the very moment in which the work ends is not lost", async () => {
  const rounds: number[] = [];
  await using queue = workQueue({
    work: async () => void rounds.push(rounds.length),
    mayWork: always,
    onFailure: told,
  });
  // One more microtask each time, over the whole way from the end of the work to the end of the worker.
  for (let ticks = 0; ticks < 20; ticks++) {
    await queue.done("a");
    const before = rounds.length;
    queue.add("a");
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    queue.add("a");
    await queue.done("a");
    expect(rounds.length).toBe(before + 2);
  }
});

test("pauses double from half a second to half a minute, and begin anew after a success", async () => {
  const pausesMs: number[] = [];
  const told: number[] = [];
  let failures = 9;
  await using queue = workQueue({
    work: async () => {
      if (failures-- > 0) throw new Error("not now");
    },
    mayWork: always,
    onFailure: (_key, attempt) => told.push(attempt),
    pause: async (ms) => void pausesMs.push(ms),
  });
  queue.add("a");
  await queue.done("a");
  expect(pausesMs).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  failures = 1;
  queue.add("a");
  await queue.done("a");
  expect(pausesMs.at(-1)).toBe(500);
});

test("news ends a pause, also one that is yet to begin; more of the same work does not", async () => {
  const { begunMs, pause } = endlessPauses();
  let during: (round: number) => void = told;
  let round = 0;
  await using queue = workQueue({
    async work() {
      during(++round);
      throw new Error("not now");
    },
    mayWork: always,
    onFailure: told,
    pause,
  });
  queue.add("a");
  await until("the first pause", () => begunMs.length === 1);
  queue.add("a");
  during = (now) => now === 2 && queue.hurry("a");
  queue.hurry("a");
  await until("the third pause", () => begunMs.length === 3);
  expect(round).toBe(3);
  // Each time it is something new that fails for the first time.
  expect(begunMs).toEqual([500, 500, 500]);
});

test("who may no longer work stops after the step under way, and a closed queue begins nothing", async () => {
  const { begunMs, pause } = endlessPauses();
  let may = true;
  let rounds = 0;
  const work = async () => {
    rounds++;
    throw new Error("not now");
  };
  const queue = workQueue({ work, mayWork: () => may, onFailure: told, pause });
  queue.add("a");
  await until("the pause", () => begunMs.length === 1);
  may = false;
  queue.wake();
  await queue.done("a");
  queue.add("a");
  await queue.done("a");
  expect(rounds).toBe(1);
  may = true;
  queue.add("a");
  await until("the next pause", () => begunMs.length === 2);
  await queue[Symbol.asyncDispose]();
  queue.add("b");
  await queue.done("b");
  expect(rounds).toBe(2);
});

test("what is not done yet can be seen, since when, and whether it fails", async () => {
  let nowMs = 0;
  const { begunMs, pause } = endlessPauses();
  const held = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() };
  const attempts: unknown[] = [];
  const queue = workQueue<"a" | "b">({
    work: (key) => held[key].promise,
    mayWork: always,
    onFailure: told,
    onAttempt: (key, attempt) => attempts.push({ key, ...attempt }),
    pause,
    now: () => nowMs,
  });
  const idle = { keys: 0, oldestMs: 0 };
  expect(queue.backlog()).toEqual({ working: idle, failing: idle });
  queue.add("a");
  nowMs = 3000;
  queue.add("b");
  nowMs = 4000;
  expect(queue.backlog()).toEqual({ working: { keys: 2, oldestMs: 4000 }, failing: idle });
  held.a.reject(new Error("not now"));
  await until("the pause", () => begunMs.length === 1);
  nowMs = 9000;
  expect(queue.backlog()).toEqual({ working: { keys: 1, oldestMs: 6000 }, failing: { keys: 1, oldestMs: 9000 } });
  expect(queue.backlog((key) => key === "a")).toEqual({ working: idle, failing: { keys: 1, oldestMs: 9000 } });

  // While it is tried again it still fails, until it does not.
  held.a = Promise.withResolvers<void>();
  queue.hurry("a");
  await until("the next attempt", () => queue.backlog().failing.keys === 1);
  nowMs = 10_000;
  held.a.resolve();
  held.b.resolve();
  await Promise.all([queue.done("a"), queue.done("b")]);
  expect(queue.backlog()).toEqual({ working: idle, failing: idle });
  expect(attempts).toContainEqual({ key: "a", result: "failed", ms: 4000, isRetry: false });
  expect(attempts).toContainEqual({ key: "b", result: "done", ms: 7000, isRetry: false });
  expect(attempts).toContainEqual({ key: "a", result: "done", ms: 1000, isRetry: true });
  expect(attempts).toHaveLength(3);
  await queue[Symbol.asyncDispose]();
});
