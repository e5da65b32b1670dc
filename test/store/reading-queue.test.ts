import { expect, test } from "bun:test";
import { readingQueue } from "../../gateway/store/reading-queue.ts";
import { until } from "../support/until.ts";

test("how late the oldest item is can be seen, also while it is read and after it failed", async () => {
  let nowMs = 0;
  let outcome = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  await using queue = readingQueue<string>({
    read: () => outcome.promise,
    onFailure: (error) => failures.push(error),
    pause: async () => undefined,
    now: () => nowMs,
  });
  expect(queue.lagMs()).toBe(0);
  const first = queue.add("a");
  nowMs = 100;
  expect(queue.lagMs()).toBe(100);
  const second = queue.add("b");
  nowMs = 250;
  expect(queue.lagMs()).toBe(250);

  // Announced again while its reading fails: it is as late as it was.
  const again = queue.add("a");
  const failing = outcome;
  outcome = Promise.withResolvers<void>();
  failing.reject(new Error("away"));
  await until("the failure", () => failures.length === 1);
  expect(queue.lagMs()).toBe(250);
  nowMs = 300;
  expect(queue.lagMs()).toBe(300);
  outcome.resolve();
  await Promise.all([first, second, again]);
  expect(queue.lagMs()).toBe(0);
});
