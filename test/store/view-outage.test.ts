import { expect, test } from "bun:test";
import { openView, viewLimits } from "../../gateway/store/view.ts";
import { failingStore } from "../support/failing-store.ts";
import { until } from "../support/until.ts";
import { adapterBody, author } from "./records.ts";
import { create, names, remove, storeForEachTest, telling } from "./view-stand.ts";

const real = storeForEachTest();

/** With limits that a test can wait for, and pauses that end at once. */
function openShortly(store: typeof real, limits: Partial<typeof viewLimits>, failures: unknown[] = []) {
  const pause = () => Bun.sleep(1);
  return openView({
    store,
    kinds: ["adapter"],
    events: telling(failures),
    limits: { ...viewLimits, ...limits },
    pause,
  });
}

for (const [outage, how] of [
  ["refuses", "refuses"],
  ["silent", "is silent"],
] as const) {
  test(`a view of a store that ${how} has what it had, and everything afterwards, deletions too`, async () => {
    const failing = failingStore(real);
    const failures: unknown[] = [];
    await create(real, "stays");
    await create(real, "goes");
    await using view = await openShortly(failing.store, { answerMs: 500 }, failures);
    failing.down(outage);
    await remove(real, "goes");
    await create(real, "comes");
    await real.update("adapter", "stays", 1, adapterBody("stays"), author);
    const reloaded = view.reload();
    await until("two failures", () => failures.length > 1);
    expect(names(view.list("adapter"))).toEqual(["goes", "stays"]);
    expect(view.get("adapter", "stays")?.revision).toBe(1);

    failing.up();
    await reloaded;
    expect(names(view.list("adapter"))).toEqual(["comes", "stays"]);
    expect(view.get("adapter", "stays")?.revision).toBe(2);
  });
}

test("a writer waits for its own write for a while only, and nothing fails; a refresh waits on", async () => {
  const failing = failingStore(real);
  await using view = await openShortly(failing.store, { observeMs: 30 });
  await create(real, "own");
  await until("the record", () => view.get("adapter", "own"));
  failing.down();
  await real.update("adapter", "own", 1, adapterBody("own"), author);
  let refreshed = false;
  const refresh = view.refresh("adapter", "own").then(() => {
    refreshed = true;
  });
  expect(await view.observe("adapter", "own")).toBeUndefined();
  expect(view.get("adapter", "own")?.revision).toBe(1);
  expect(refreshed).toBe(false);
  failing.up();
  await refresh;
  expect(view.get("adapter", "own")?.revision).toBe(2);
  await real.update("adapter", "own", 2, adapterBody("own"), author);
  await view.observe("adapter", "own");
  expect(view.get("adapter", "own")?.revision).toBe(3);
});

test("an answer that comes after its time changes nothing", async () => {
  await create(real, "weather");
  const late = Promise.withResolvers<void>();
  let delayed = false;
  const list: typeof real.list = async (kind) => {
    const before = await real.list(kind);
    if (!delayed) return before;
    delayed = false;
    await late.promise;
    return before;
  };
  const failures: unknown[] = [];
  await using view = await openShortly({ ...real, list }, { answerMs: 200 }, failures);
  delayed = true;
  const reload = view.reload();
  await until("the reading", () => !delayed);
  await remove(real, "weather");
  await reload;
  expect(view.list("adapter")).toEqual([]);
  late.resolve();
  await view.refresh("adapter", "another");
  expect(view.list("adapter")).toEqual([]);
  expect(String(failures[0])).toBe("StoreUnavailable: The store gave no answer in 0.2 s.");
});

test("a view that cannot be read in time is not opened, and reads no more", async () => {
  const failing = failingStore(real);
  let readings = 0;
  const list: typeof real.list = (kind) => {
    readings++;
    failing.down();
    return failing.store.list(kind);
  };
  const opening = openShortly({ ...failing.store, list }, { openMs: 50 });
  expect(await failureOf(opening)).toBe("StoreUnavailable: The store gave no answer in 0.05 s.");
  const seen = readings;
  expect(seen).toBeGreaterThan(0);
  failing.up();
  await create(real, "weather");
  await Bun.sleep(0);
  expect(readings).toBe(seen);
});

test("a store that takes no subscriber in time is not waited for", async () => {
  const subscribe = () => Promise.withResolvers<never>().promise;
  const opening = openShortly({ ...real, subscribe }, { openMs: 20 });
  expect(await failureOf(opening)).toBe("StoreUnavailable: The store gave no answer in 0.02 s.");
});

/** Bun's `rejects` waits without an end for what never settles. */
function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "none", String);
}
