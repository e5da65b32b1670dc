import { afterEach, beforeEach, expect, test } from "bun:test";
import { openPglite } from "../../../gateway/store/pglite.ts";
import { type RestorableStore, StoreUnavailable } from "../../../gateway/store/store.ts";
import { move } from "../../../gateway/store/transfer/move.ts";
import type { Source } from "../../../gateway/store/transfer/source.ts";
import { adapterBody, author, call } from "../records.ts";
import { numbered } from "./inventory.ts";

let store: RestorableStore;
beforeEach(async () => {
  store = await openPglite({});
});
afterEach(() => store[Symbol.asyncDispose]());

const options = { dryRun: false, skipExisting: false, withAudit: true, emptySecrets: false };
const nobody = () => undefined;
const { at, ...entry } = call();
const source: Source = {
  resources: Array.from({ length: 150 }, (_, count) => numbered(count)),
  async *trail() {
    yield [{ ...entry, revision: null, at: at.toISOString() }];
  },
  notes: [],
};

test("a store that keeps a record otherwise than it was, or not at all, is found out", async () => {
  const otherwise: RestorableStore = {
    ...store,
    restore: (resources) =>
      store.restore(resources.map((one) => (one.name === "many-7" ? { ...one, revision: 1 } : one))),
  };
  const why = "These records are not there as they were:";
  await expect(move(source, otherwise, options, nobody)).rejects.toThrow(`${why}\n  tool many-7`);
});

test("a store that loses records is found out", async () => {
  const losing: RestorableStore = { ...store, restore: async () => ({ state: "written" }) };
  await expect(move(source, losing, options, nobody)).rejects.toThrow(
    "These records are not there as they were:\n  adapter many-0\n  tool many-1\n",
  );
});

test("a store that loses entries of the trail is found out", async () => {
  const losing: RestorableStore = { ...store, restoreAudit: async () => undefined };
  await expect(move(source, losing, options, nobody)).rejects.toThrow("1 entries of the audit trail are not there.");
  expect(await move(source, losing, { ...options, withAudit: false, skipExisting: true }, nobody)).toMatchObject({
    resources: [],
    skippedResources: 150,
    entries: 0,
  });
});

test("a name that is taken while it writes stops it, and it says how far it came", async () => {
  const overtaken: RestorableStore = {
    ...store,
    async restore(resources) {
      if (resources.length < 100) await store.create("adapter", "many-120", adapterBody("many-120"), author);
      return store.restore(resources);
    },
  };
  await expect(move(source, overtaken, options, nobody)).rejects.toThrow(
    "Somebody took these names meanwhile; 100 records were written before, and --skip-existing goes on from there:\n  adapter many-120",
  );
  expect(await store.get("adapter", "many-99")).toBeDefined();
  expect(await store.get("adapter", "many-102")).toBeUndefined();
});

test("a source that has one name twice is refused before anything is written", async () => {
  const [first] = source.resources;
  const twice = { ...source, resources: [...source.resources, ...(first ? [first] : [])] };
  await expect(move(twice, store, options, nobody)).rejects.toThrow("adapter many-0, by an equal one");
  expect(await store.list("adapter")).toEqual([]);
});

test("a store that goes away leaves what was written, and says why it failed", async () => {
  const away = new StoreUnavailable("The database is away.");
  const going: RestorableStore = {
    ...store,
    restore: (resources) => (resources.length < 100 ? Promise.reject(away) : store.restore(resources)),
  };
  await expect(move(source, going, options, nobody)).rejects.toBe(away);
  expect(await move(source, store, { ...options, skipExisting: true }, nobody)).toMatchObject({
    skippedResources: 100,
    entries: 1,
  });
});
