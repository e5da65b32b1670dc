import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Change, RestorableStore } from "../../../gateway/store/store.ts";
import { type CosmosEmulator, cosmosEmulator, cosmosLink, cosmosRefusal } from "../../support/cosmos.ts";
import { until } from "../../support/until.ts";
import { adapterBody, author, written } from "../records.ts";
import { openStore } from "./stand.ts";

let emulator: CosmosEmulator;
let writer: RestorableStore;
beforeAll(async () => {
  emulator = await cosmosEmulator();
  ({ store: writer } = await openStore(emulator.url()));
});
afterAll(async () => {
  await writer[Symbol.asyncDispose]();
  await emulator[Symbol.asyncDispose]();
});

const create = async (name: string) => written(await writer.create("adapter", name, adapterBody(name), author));
const isNewsOf = (name: string) => (change: Change) => change.type === "changed" && change.name === name;

test("another gateway hears of a creation, a change, a mark and a purge without comparing everything", async () => {
  const { store, told } = await openStore(emulator.url());
  await using _ = store;
  const states: string[] = [];
  const stop = await store.subscribe((change) => {
    if (!isNewsOf("afar")(change)) return;
    void store.get("adapter", "afar").then((read) => states.push(`${read?.revision} ${read?.deleting}`));
  });
  const { uid } = await create("afar");
  await until("the creation", () => states.length === 1);
  await writer.update("adapter", "afar", 1, adapterBody("afar"), author);
  await until("the change", () => states.length === 2);
  await writer.markDeleting("adapter", "afar", 2, author);
  await until("the mark", () => states.length === 3);
  await writer.purge("adapter", "afar", uid);
  await until("the purge", () => states.length === 4);
  expect(states).toEqual(["1 false", "2 false", "3 true", "undefined undefined"]);
  expect(told.failed).toEqual([]);
  await stop();
});

test("a name that is purged and created again between two looks is told, and is the new one", async () => {
  const first = await create("phoenix");
  const { store } = await openStore(emulator.url(), { pollMs: 100 });
  await using _ = store;
  const heard: Change[] = [];
  const stop = await store.subscribe((change) => heard.push(change));
  await writer.markDeleting("adapter", "phoenix", 1, author);
  await writer.purge("adapter", "phoenix", first.uid);
  const second = await create("phoenix");
  await until("news", () => heard.some(isNewsOf("phoenix")));
  expect((await store.get("adapter", "phoenix"))?.uid).toBe(second.uid);
  await stop();
});

test("a purge whose gateway died before it told is told at the next comparison", async () => {
  await using link = cosmosLink(emulator);
  const { store: dying } = await openStore(link.url);
  await using _dying = dying;
  const { store } = await openStore(emulator.url(), { compareMs: 50 });
  await using _ = store;
  const { uid } = await create("untold");
  await writer.markDeleting("adapter", "untold", 1, author);
  const heard: Change[] = [];
  const stop = await store.subscribe((change) => heard.push(change));
  link.interfere(({ isWrite, path }) => (isWrite && path.includes("GoneContainer") ? cosmosRefusal(403) : undefined));
  await expect(dying.purge("adapter", "untold", uid)).rejects.toThrow("403");
  await until("the purge", () => heard.some(isNewsOf("untold")));
  expect(await store.get("adapter", "untold")).toBeUndefined();
  await stop();
});

test("a purge that was broken off and is asked for again is told without a comparison", async () => {
  await using link = cosmosLink(emulator);
  const { store: broken } = await openStore(link.url);
  await using _broken = broken;
  const { store } = await openStore(emulator.url());
  await using _ = store;
  const { uid } = await create("retried");
  await writer.markDeleting("adapter", "retried", 1, author);
  const heard: Change[] = [];
  const stop = await store.subscribe((change) => heard.push(change));
  link.interfere(({ isWrite, path }) => (isWrite && path.includes("GoneContainer") ? cosmosRefusal(403) : undefined));
  await expect(broken.purge("adapter", "retried", uid)).rejects.toThrow("403");
  link.interfere(() => undefined);
  await broken.purge("adapter", "retried", uid);
  await until("the purge", () => heard.some(isNewsOf("retried")));
  await stop();
});

test("after looks that failed there is a reset, and what was written meanwhile is not lost", async () => {
  await using link = cosmosLink(emulator);
  const { store, told } = await openStore(link.url);
  await using _ = store;
  const heard: Change[] = [];
  const stop = await store.subscribe((change) => heard.push(change));
  link.interfere(() => cosmosRefusal(500));
  await until("a failed look", () => told.failed.length > 0);
  await create("meanwhile");
  expect(heard).toEqual([]);
  link.interfere(() => undefined);
  await until("the reset", () => heard.some(({ type }) => type === "reset"));
  expect((await store.get("adapter", "meanwhile"))?.revision).toBe(1);
  expect(heard.filter(({ type }) => type === "reset")).toHaveLength(1);
  await stop();
});

test("news is as old as the last look that succeeded", async () => {
  await using link = cosmosLink(emulator);
  const options = { aheadMs: 0 };
  const { store, told } = await openStore(link.url, options);
  await using _ = store;
  expect(store.changesAgeMs()).toBeUndefined();
  const stop = await store.subscribe(() => undefined);
  expect(store.changesAgeMs()).toBeLessThan(10_000);
  link.interfere(() => cosmosRefusal(500));
  await until("a failed look", () => told.failed.length > 0);
  options.aheadMs = 600_000;
  expect(store.changesAgeMs()).toBeGreaterThanOrEqual(600_000);
  link.interfere(() => undefined);
  await until("a look", () => (store.changesAgeMs() ?? 0) < 10_000);
  await stop();
  expect(store.changesAgeMs()).toBeUndefined();
});
