import { expect, test } from "bun:test";
import { auditRetention } from "../../gateway/store/audit-retention.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Store } from "../../gateway/store/store.ts";
import { until } from "../support/until.ts";
import { adapterBody, author, call } from "./records.ts";

const day = 24 * 3600 * 1000;
const start = Date.UTC(2026, 10, 20);

/** A retention of 30 days whose hours pass when the test says so. */
function stand(store: Pick<Store, "purgeAudit">) {
  const clock = { now: start, hours: [] as (() => void)[], purged: [] as object[], failed: [] as unknown[] };
  const pause = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      if (signal.aborted) reject(signal.reason);
      else if (ms === 3_600_000) clock.hours.push(resolve);
      else resolve();
    });
  const retention = auditRetention({
    store,
    days: 30,
    now: () => clock.now,
    events: {
      auditPurged: (what) => clock.purged.push(what),
      auditPurgeFailed: (error) => clock.failed.push(error),
    },
    pause,
  });
  const hourPasses = async () => {
    const waiting = await until("the pause", () => clock.hours.shift());
    waiting();
    await until("the next pause", () => clock.hours.length > 0);
  };
  return { clock, retention, hourPasses };
}

test("entries older than so many days go at the start and every hour, in small batches; the others stay", async () => {
  await using store = await openPglite({});
  const old = Array.from({ length: 450 }, (_, count) => call({ at: new Date(start - 30 * day - 1 - count) }));
  await store.recordCalls([...old, call({ requestId: "young", at: new Date(start - 30 * day) })]);
  await store.create("adapter", "weather", adapterBody("weather"), author);
  const batches: number[] = [];
  const purgeAudit: Store["purgeAudit"] = async (before, max) => {
    batches.push(await store.purgeAudit(before, max));
    return batches.at(-1) ?? 0;
  };
  const { clock, retention, hourPasses } = stand({ purgeAudit });
  await until("the purge", () => clock.hours.length > 0);
  expect(batches).toEqual([200, 200, 50]);
  expect(clock.purged).toEqual([{ count: 450, before: new Date("2026-10-21T00:00:00Z") }]);
  const left = async () => {
    const read = await store.audit({ limit: 10 });
    return read.state === "read" ? read.entries.map(({ action, requestId }) => `${action} ${requestId}`) : [];
  };
  expect(await left()).toEqual(["create request-1", "call young"]);

  clock.now += 3_600_000;
  await hourPasses();
  expect(await left()).toEqual(["create request-1"]);
  await retention[Symbol.asyncDispose]();
});

test("a purge that fails is told, and the next hour tries again", async () => {
  let failing = true;
  const purgeAudit = async () => {
    if (failing) throw new Error("the store is down");
    return 3;
  };
  const { clock, retention, hourPasses } = stand({ purgeAudit });
  await until("the failure", () => clock.failed.length > 0);
  failing = false;
  await hourPasses();
  expect(clock.failed.map(String)).toEqual(["Error: the store is down"]);
  expect(clock.purged).toHaveLength(1);
  await retention[Symbol.asyncDispose]();
});

test("disposal ends it between two batches", async () => {
  let batches = 0;
  const { promise: second, resolve } = Promise.withResolvers<void>();
  const { clock, retention } = stand({
    async purgeAudit(_before, max) {
      if (++batches === 2) resolve();
      await Bun.sleep(1);
      return max;
    },
  });
  await second;
  await retention[Symbol.asyncDispose]();
  expect(batches).toBeLessThanOrEqual(3);
  expect(clock.purged).toHaveLength(1);
});
