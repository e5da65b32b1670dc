import { expect, test } from "bun:test";
import type { Kind, Resource } from "../../gateway/store/store.ts";
import { openView } from "../../gateway/store/view.ts";
import { until } from "../support/until.ts";
import { adapterBody, author } from "./records.ts";
import { create, heldFeed, names, open, telling, storeForEachTest } from "./view-stand.ts";

const store = storeForEachTest();

test("an older answer of a database that lags does not replace a newer record", async () => {
  const old = await create(store, "weather");
  let lagging = false;
  const get = async <K extends Kind>(kind: K, name: string) =>
    lagging ? (old as Resource<K>) : await store.get(kind, name);
  const list = async <K extends Kind>(kind: K) => (lagging ? [old as Resource<K>] : await store.list(kind));
  const feed = heldFeed();
  await store.update("adapter", "weather", 1, adapterBody("weather"), author);
  await using view = await open({ ...store, subscribe: feed.subscribe, get, list });
  lagging = true;
  await view.refresh("adapter", "weather");
  expect(view.get("adapter", "weather")?.revision).toBe(2);
  feed.send({ type: "reset" });
  await view.refresh("adapter", "weather");
  expect(view.get("adapter", "weather")?.revision).toBe(2);
});

test("a subscriber reads the new state, hears nothing once it stopped, and one that throws stops nobody", async () => {
  const failures: unknown[] = [];
  await using view = await open(store, { failures });
  const seen: (number | undefined)[] = [];
  let heardByStopped = 0;
  view.subscribe(() => {
    throw new Error("a listener's bug");
  });
  view.subscribe((kind, name) => seen.push(view.get(kind, name)?.revision));
  view.subscribe(() => heardByStopped++)();
  await create(store, "weather");
  await until("the creation", () => seen.length === 1);
  await store.update("adapter", "weather", 1, adapterBody("weather"), author);
  await until("the update", () => seen.length === 2);
  expect(seen).toEqual([1, 2]);
  expect(heardByStopped).toBe(0);
  expect(failures.map(String)).toEqual(["Error: a listener's bug", "Error: a listener's bug"]);
});

test("a reading that fails is told and repeated, with pauses that double up to 2 s", async () => {
  const failures: unknown[] = [];
  const pausesMs: number[] = [];
  let failing = 0;
  const get = <K extends Kind>(kind: K, name: string) =>
    failing-- > 0 ? Promise.reject(new Error("no connection")) : store.get(kind, name);
  await using view = await open({ ...store, get }, { failures, pausesMs });
  failing = 8;
  await create(store, "weather");
  await until("the record", () => view.get("adapter", "weather"));
  expect(pausesMs).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
  expect(failures.map(String)).toEqual(Array(8).fill("Error: no connection"));
  failing = 1;
  await view.refresh("adapter", "weather");
  expect(pausesMs.at(-1)).toBe(50);
});

test("a get that throws at once, without a promise, is repeated too, after a real pause", async () => {
  let broken = true;
  const get = <K extends Kind>(kind: K, name: string) => {
    if (!broken) return store.get(kind, name);
    broken = false;
    throw new TypeError("bad driver");
  };
  await using view = await openView({ store: { ...store, get }, kinds: ["adapter"], events: telling([]) });
  await create(store, "weather");
  await until("the record", () => view.get("adapter", "weather"));
});

test("one record that cannot be read does not keep the others from being read", async () => {
  const get = <K extends Kind>(kind: K, name: string) =>
    name === "broken" ? Promise.reject(new Error("unreadable")) : store.get(kind, name);
  await create(store, "weather");
  const pausesMs: number[] = [];
  await using view = await open({ ...store, get, subscribe: heldFeed().subscribe }, { pausesMs });
  await store.update("adapter", "weather", 1, adapterBody("weather"), author);
  void view.refresh("adapter", "broken");
  await view.refresh("adapter", "weather");
  expect(view.get("adapter", "weather")?.revision).toBe(2);
  await until("the third failure", () => pausesMs.length >= 3);
  // The reading that succeeded ended the row of failures.
  expect(pausesMs.slice(0, 3)).toEqual([50, 50, 100]);
});

test("a store that cannot be read at first is read until it can", async () => {
  await create(store, "weather");
  const failures: unknown[] = [];
  const list = <K extends Kind>(kind: K) =>
    failures.length < 3 ? Promise.reject(new Error("starting up")) : store.list(kind);
  await using view = await open({ ...store, list }, { failures });
  expect(names(view.list("adapter"))).toEqual(["weather"]);
  expect(failures).toHaveLength(3);
});

test("a view that is disposed during a pause ends it, lets waiting writers go and reads no more", async () => {
  let readings = 0;
  const get = () => Promise.reject(new Error(`reading ${++readings}`));
  const { promise: pausing, resolve: paused } = Promise.withResolvers<void>();
  const pause = (_ms: number, signal: AbortSignal) => {
    paused();
    return new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const view = await openView({ store: { ...store, get }, kinds: ["adapter"], events: telling([]), pause });
  const writer = view.refresh("adapter", "weather");
  await pausing;
  await view[Symbol.asyncDispose]();
  await writer;
  await create(store, "weather");
  await view.refresh("adapter", "another");
  expect(readings).toBe(1);
});
