import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RestorableStore } from "../../../gateway/store/store.ts";
import { type CosmosEmulator, type CosmosLink, cosmosEmulator, cosmosLink } from "../../support/cosmos.ts";
import { until } from "../../support/until.ts";
import { adapterBody, author, toolBody, written } from "../records.ts";
import { actionsOf, openStore } from "./stand.ts";

let emulator: CosmosEmulator;
let gateways: RestorableStore[];
let store: RestorableStore;
beforeAll(async () => {
  emulator = await cosmosEmulator();
  gateways = (await Promise.all(Array.from({ length: 5 }, () => openStore(emulator.url())))).map(
    (opened) => opened.store,
  );
  store = gateways[0] as RestorableStore;
});
afterAll(async () => {
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
  await emulator[Symbol.asyncDispose]();
});

const ofEach = <Value>(times: number, act: (gateway: RestorableStore) => Promise<Value>) =>
  Promise.all(gateways.flatMap((gateway) => Array.from({ length: times }, () => act(gateway))));

test("of 50 writers on five gateways one has the revision, and 49 hear the stored one", async () => {
  await store.create("adapter", "contended", adapterBody("contended"), author);
  const answers = await ofEach(10, (gateway) =>
    gateway.update("adapter", "contended", 1, adapterBody("contended", { replicaCount: 2 }), author),
  );
  const stale = answers.filter(({ state }) => state === "stale");
  expect(stale).toEqual(Array(49).fill({ state: "stale", revision: 2 }));
  expect(await actionsOf(store, "contended")).toEqual(["create 1", "update 2"]);
});

test("five gateways that count up one record, each until it has counted four times, lose nothing", async () => {
  await store.create("adapter", "counted", adapterBody("counted", { replicaCount: 0 }), author);
  await ofEach(1, async (gateway) => {
    for (let counted = 0; counted < 4;) {
      const read = await gateway.get("adapter", "counted");
      const replicaCount = (read?.body.replicaCount ?? 0) + 1;
      const body = adapterBody("counted", { replicaCount });
      const answer = await gateway.update("adapter", "counted", read?.revision ?? 0, body, author);
      if (answer.state === "written") counted++;
    }
  });
  expect(await store.get("adapter", "counted")).toMatchObject({ revision: 21, body: { replicaCount: 20 } });
  const updates = Array.from({ length: 20 }, (_, count) => `update ${count + 2}`);
  expect(await actionsOf(store, "counted")).toEqual(["create 1", ...updates]);
});

test("of adapters and tools that five gateways create under one name one is there", async () => {
  const answers = (
    await Promise.all([
      ofEach(3, (gateway) => gateway.create("adapter", "mixed", adapterBody("mixed"), author)),
      ofEach(3, (gateway) => gateway.create("tool", "mixed", toolBody("mixed"), author)),
    ])
  ).flat();
  expect(answers.filter(({ state }) => state === "written")).toHaveLength(1);
  const there = [await store.get("adapter", "mixed"), await store.get("tool", "mixed")];
  expect(there.filter((read) => read !== undefined)).toHaveLength(1);
  expect(await actionsOf(store, "mixed")).toEqual(["create 1"]);
});

/**
 * Session consistency as bad as it may be: a document is read as it first was, until a write in its container has brought
 * this gateway's session up to date.
 */
function lag(link: CosmosLink): void {
  const seen = new Map<string, Promise<Response>>();
  const containerOf = (path: string) => path.split("/")[4] ?? "";
  link.interfere(async ({ method, path, isWrite }, pass) => {
    if (isWrite) {
      const answer = await pass();
      for (const known of seen.keys()) if (containerOf(known) === containerOf(path)) seen.delete(known);
      return answer;
    }
    if (method !== "GET" || !path.includes("/docs/")) return pass();
    const reading = seen.get(path) ?? pass();
    seen.set(path, reading);
    return (await reading).clone() as Response;
  });
}

async function lagging(): Promise<AsyncDisposable & { store: RestorableStore }> {
  const link = cosmosLink(emulator);
  const { store } = await openStore(link.url, { aheadMs: 120_000 });
  lag(link);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}

test("a gateway whose reads lag behind takes no write for stale that is not", async () => {
  await using late = await lagging();
  await store.create("adapter", "late", adapterBody("late"), author);
  expect((await late.store.get("adapter", "late"))?.revision).toBe(1);
  await store.update("adapter", "late", 1, adapterBody("late"), author);
  expect((await late.store.get("adapter", "late"))?.revision).toBe(1);
  const answer = await late.store.update("adapter", "late", 2, adapterBody("late", { replicaCount: 9 }), author);
  expect(written(answer).revision).toBe(3);
});

test("a gateway whose reads lag behind changes what it has not seen the creation of", async () => {
  await using late = await lagging();
  expect(await late.store.get("adapter", "unseen")).toBeUndefined();
  await store.create("adapter", "unseen", adapterBody("unseen"), author);
  expect(await late.store.get("adapter", "unseen")).toBeUndefined();
  expect(written(await late.store.markDeleting("adapter", "unseen", 1, author)).deleting).toBe(true);
});

test("a gateway whose reads lag behind takes no name over that is in use", async () => {
  await using late = await lagging();
  expect(await late.store.get("adapter", "used")).toBeUndefined();
  await store.create("adapter", "used", adapterBody("used"), author);
  expect(await late.store.create("tool", "used", toolBody("used"), author)).toEqual({
    state: "exists",
    kind: "adapter",
    deleting: false,
  });
  expect(await store.get("tool", "used")).toBeUndefined();
});

test("who is told of a purge reads that the record is gone, though reads lag behind", async () => {
  await using late = await lagging();
  const { uid } = written(await store.create("adapter", "going", adapterBody("going"), author));
  await store.markDeleting("adapter", "going", 1, author);
  const reads: unknown[] = [];
  const stop = await late.store.subscribe((change) => {
    if (change.type === "changed" && change.name === "going")
      void late.store.get("adapter", "going").then((read) => reads.push(read));
  });
  expect((await late.store.get("adapter", "going"))?.uid).toBe(uid);
  await store.purge("adapter", "going", uid);
  await until("the purge", () => reads.length > 0);
  expect(reads).toEqual([undefined]);
  await stop();
});
