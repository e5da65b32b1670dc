import { expect, test } from "bun:test";
import type { Kind } from "../../gateway/store/store.ts";
import { until } from "../support/until.ts";
import { adapterBody, author } from "./records.ts";
import { create, gatedGet, heldFeed, names, open, remove, storeForEachTest } from "./view-stand.ts";

const store = storeForEachTest();

test("a view has every record when it opens, in order, and those that come later", async () => {
  await create(store, "b");
  await create(store, "a");
  await using view = await open(store);
  expect(view.get("adapter", "a")).toEqual(await store.get("adapter", "a"));
  expect(names(view.list("adapter"))).toEqual(["a", "b"]);
  await create(store, "aa");
  await until("the new record", () => view.get("adapter", "aa"));
  expect(names(view.list("adapter"))).toEqual(["a", "aa", "b"]);
  expect(view.get("adapter", "c")).toBeUndefined();
});

test("a view follows a record through update, deletion, purge and recreation", async () => {
  await using view = await open(store);
  const { uid } = await create(store, "weather");
  await until("the creation", () => view.get("adapter", "weather")?.revision === 1);
  await store.update("adapter", "weather", 1, adapterBody("weather", { replicaCount: 5 }), author);
  await until("the update", () => view.get("adapter", "weather")?.body.replicaCount === 5);
  await store.markDeleting("adapter", "weather", 2, author);
  await until("the mark", () => view.get("adapter", "weather")?.deleting);
  await store.purge("adapter", "weather", uid);
  await until("the purge", () => !view.get("adapter", "weather"));
  expect(view.list("adapter")).toEqual([]);
  const again = await create(store, "weather");
  await until("the new one", () => view.get("adapter", "weather")?.uid === again.uid);
});

test("a recreated record replaces the one of higher revision, though the view never saw it gone", async () => {
  const feed = heldFeed();
  await create(store, "weather");
  await store.update("adapter", "weather", 1, adapterBody("weather"), author);
  await using view = await open({ ...store, subscribe: feed.subscribe });
  await remove(store, "weather");
  const { uid } = await create(store, "weather");
  await view.refresh("adapter", "weather");
  expect(view.get("adapter", "weather")).toMatchObject({ uid, revision: 1 });
});

test("a writer sees its own write once refresh resolves", async () => {
  const feed = heldFeed();
  await using view = await open({ ...store, subscribe: feed.subscribe });
  for (let revision = 1; revision <= 20; revision++) {
    if (revision === 1) await create(store, "own");
    else await store.update("adapter", "own", revision - 1, adapterBody("own"), author);
    await view.refresh("adapter", "own");
    expect(view.get("adapter", "own")?.revision).toBe(revision);
  }
});

test("a refresh that begins during a reading awaits a reading of its own", async () => {
  await create(store, "own");
  const gate = gatedGet(store);
  await using view = await open({ ...store, subscribe: heldFeed().subscribe, get: gate.get });
  const first = view.refresh("adapter", "own");
  await until("the first reading", () => gate.answers.length === 1);
  await store.update("adapter", "own", 1, adapterBody("own"), author);
  const second = view.refresh("adapter", "own");
  gate.open();
  await first;
  expect(view.get("adapter", "own")?.revision).toBe(1);
  await second;
  expect(view.get("adapter", "own")?.revision).toBe(2);
});

test("a write between the subscription and the first reading is not missed", async () => {
  let isLate = true;
  const list = async <K extends Kind>(kind: K) => {
    const before = await store.list(kind);
    if (isLate) await create(store, "late");
    isLate = false;
    return before;
  };
  await using view = await open({ ...store, list });
  await until("the late record", () => view.get("adapter", "late"));
});

test("many changes of one name while it is read are one more reading", async () => {
  await create(store, "busy");
  const gate = gatedGet(store);
  await using view = await open({ ...store, get: gate.get });
  void view.refresh("adapter", "busy");
  await until("the first reading", () => gate.answers.length === 1);
  for (let revision = 1; revision <= 30; revision++) {
    await store.update("adapter", "busy", revision, adapterBody("busy"), author);
  }
  const writers = [view.refresh("adapter", "busy"), view.refresh("adapter", "busy")];
  gate.open();
  await Promise.all(writers);
  expect(view.get("adapter", "busy")?.revision).toBe(31);
  expect(gate.answers).toHaveLength(2);
});

test("after a reset everything is read again: the new, the changed and the gone", async () => {
  const feed = heldFeed();
  await create(store, "changed");
  await create(store, "gone");
  await create(store, "same");
  await using view = await open({ ...store, subscribe: feed.subscribe });
  const told: string[] = [];
  view.subscribe((kind, name) => told.push(`${kind}/${name}`));
  await store.update("adapter", "changed", 1, adapterBody("changed"), author);
  await remove(store, "gone");
  await create(store, "new");
  feed.send({ type: "reset" });
  await until("the reading", () => told.length === 3);
  expect(names(view.list("adapter"))).toEqual(["changed", "new", "same"]);
  expect(view.get("adapter", "changed")?.revision).toBe(2);
  expect(told.sort()).toEqual(["adapter/changed", "adapter/gone", "adapter/new"]);
});

test("a list is the same array until a record changes", async () => {
  await create(store, "a");
  await using view = await open(store);
  const before = view.list("adapter");
  await view.refresh("adapter", "a");
  expect(view.list("adapter")).toBe(before);
  await create(store, "b");
  await until("the new record", () => view.list("adapter").length === 2);
  expect(names(before)).toEqual(["a"]);
});
