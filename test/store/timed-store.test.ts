import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Store } from "../../gateway/store/store.ts";
import { timedStore } from "../../gateway/store/timed-store.ts";
import { failingStore } from "../support/failing-store.ts";
import { adapterBody, author } from "./records.ts";

let real: Store;
beforeAll(async () => {
  real = await openPglite({});
});
afterAll(() => real[Symbol.asyncDispose]());

const told: string[] = [];
let nowMs = 0;
beforeEach(() => void told.splice(0));
/** Each look at the clock is a quarter of a second after the last one. */
const now = () => (nowMs += 250);
const events = {
  storeAnswered: ({ operation, result, seconds }: { operation: string; result: string; seconds: number }) =>
    void told.push(`${operation} ${result} ${seconds}`),
};

test("every operation is told with its result and the time it took, and answers as before", async () => {
  const store = timedStore(real, { now, events });
  const created = await store.create("adapter", "weather", adapterBody("weather"), author);
  if (created.state !== "written") throw new Error(created.state);
  expect(await store.get("adapter", "weather")).toEqual(created.resource);
  expect(await store.get("adapter", "nowhere")).toBeUndefined();
  expect(await store.list("adapter")).toEqual([created.resource]);
  await store.update("adapter", "weather", 1, adapterBody("weather", { replicaCount: 2 }), author);
  await store.markDeleting("adapter", "weather", 2, author);
  await store.purge("adapter", "weather", created.resource.uid);
  await store.recordCalls([]);
  const trail = await store.audit({ limit: 10 });
  if (trail.state !== "read") throw new Error(trail.state);
  expect(trail.entries.map(({ action }) => action)).toEqual(["delete", "update", "create"]);
  expect(await store.purgeAudit(new Date(0), 1)).toBe(0);
  await (
    await store.subscribe(() => undefined)
  )();
  expect(store.changesAgeMs()).toBe(0);
  expect(told).toEqual([
    "create ok 0.25",
    "get ok 0.25",
    "get ok 0.25",
    "list ok 0.25",
    "update ok 0.25",
    "mark_deleting ok 0.25",
    "purge ok 0.25",
    "record_calls ok 0.25",
    "audit ok 0.25",
    "purge_audit ok 0.25",
    "subscribe ok 0.25",
  ]);
});

test("a write that came too late is a conflict", async () => {
  const store = timedStore(real, { now, events });
  await real.create("adapter", "dice", adapterBody("dice"), author);
  expect((await store.create("tool", "dice", adapterBody("dice") as never, author)).state).toBe("exists");
  expect((await store.update("adapter", "dice", 7, adapterBody("dice"), author)).state).toBe("stale");
  expect((await store.markDeleting("adapter", "gone", 1, author)).state).toBe("absent");
  expect(told).toEqual(["create conflict 0.25", "update conflict 0.25", "mark_deleting conflict 0.25"]);
});

test("a store that is away and one that breaks are told apart, and fail as before", async () => {
  const failing = failingStore(real);
  failing.down();
  const away = timedStore(failing.store, { now, events });
  await expect(away.get("adapter", "weather")).rejects.toThrow("switched off");
  const broken = timedStore({ ...real, list: () => Promise.reject(new Error("a bug")) }, { now, events });
  await expect(broken.list("adapter")).rejects.toThrow("a bug");
  expect(told).toEqual(["get unavailable 0.25", "list failed 0.25"]);
});
