import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Resource, RestorableStore } from "../../../gateway/store/store.ts";
import {
  type CosmosEmulator,
  type CosmosLink,
  cosmosEmulator,
  cosmosLink,
  cosmosRefusal,
} from "../../support/cosmos.ts";
import { until } from "../../support/until.ts";
import { adapterBody, author, toolBody, written } from "../records.ts";
import { actionsOf, openStore } from "./stand.ts";

let emulator: CosmosEmulator;
beforeAll(async () => {
  emulator = await cosmosEmulator();
});
afterAll(() => emulator[Symbol.asyncDispose]());

/** Later than any reservation lasts. */
const aheadMs = 120_000;

/** `dies`: nothing arrives from the nth write on. `loses`: the answer to the nth write is lost; the gateway goes on. */
type Mishap = "dies" | "loses";

/**
 * Does something through a gateway that has a mishap at its first write, then with a new one at its second, and so on
 * until it comes to its end. After each, what another gateway finds is checked. Returns at how many writes.
 */
async function atEveryWrite(
  mishap: Mishap,
  prepare: (store: RestorableStore, name: string) => Promise<string>,
  doIt: (store: RestorableStore, name: string, uid: string) => Promise<unknown>,
  check: (survivor: RestorableStore, name: string, answer: unknown) => Promise<void>,
): Promise<number> {
  for (let point = 1; ; point++) {
    const name = `${mishap}-${Bun.randomUUIDv7()}`;
    await using link = cosmosLink(emulator);
    const { store } = await openStore(link.url);
    await using _ = store;
    const uid = await prepare(store, name);
    const writes = breakAt(link, point, mishap);
    const answer = await doIt(store, name, uid).catch(() => "not acknowledged");
    const { store: survivor } = await openStore(emulator.url(), { aheadMs });
    await using _survivor = survivor;
    await check(survivor, name, answer);
    if (writes() < point) return point - 1;
  }
}

function breakAt(link: CosmosLink, point: number, mishap: Mishap): () => number {
  let writes = 0;
  link.interfere(({ isWrite }, pass) => {
    if (isWrite) writes++;
    if (mishap === "dies") return writes >= point ? cosmosRefusal(403) : undefined;
    return isWrite && writes === point ? pass().then(() => cosmosRefusal(500)) : undefined;
  });
  return () => writes;
}

const nothing = async () => "";
async function created(store: RestorableStore, name: string): Promise<string> {
  return written(await store.create("adapter", name, adapterBody(name), author)).uid;
}
async function marked(store: RestorableStore, name: string): Promise<string> {
  const uid = await created(store, name);
  await store.markDeleting("adapter", name, 1, author);
  return uid;
}

test.each([
  ["dies", 7],
  ["loses", 7],
] as const)(
  "a creation whose gateway %s at any write is there with its entry, or leaves nothing",
  async (mishap, expected) => {
    const points = await atEveryWrite(
      mishap,
      nothing,
      (store, name) => store.create("adapter", name, adapterBody(name), author),
      async (survivor, name, answer) => {
        const found = await survivor.get("adapter", name);
        if (typeof answer === "object" && answer && "resource" in answer)
          expect(found).toEqual(answer.resource as never);
        expect(await actionsOf(survivor, name)).toEqual(found ? ["create 1"] : []);
        const asTool = await survivor.create("tool", name, toolBody(name), author);
        if (found) expect(asTool).toEqual({ state: "exists", kind: "adapter", deleting: false });
        else expect(written(asTool).revision).toBe(1);
        expect(await actionsOf(survivor, name)).toEqual(["create 1"]);
      },
    );
    expect(points).toBe(expected);
  },
);

test.each([
  ["dies", 4],
  ["loses", 4],
] as const)(
  "an update whose gateway %s at any write is there with its entry, or not at all",
  async (mishap, expected) => {
    const points = await atEveryWrite(
      mishap,
      created,
      (store, name) => store.update("adapter", name, 1, adapterBody(name, { replicaCount: 5 }), author),
      async (survivor, name, answer) => {
        const found = await survivor.get("adapter", name);
        if (answer !== "not acknowledged" && mishap === "dies") expect(found?.revision).toBe(2);
        expect(found?.body.replicaCount).toBe(found?.revision === 2 ? 5 : 1);
        const first = found?.revision === 2 ? ["create 1", "update 2"] : ["create 1"];
        expect(await actionsOf(survivor, name)).toEqual(first);
        const revision = found?.revision ?? 0;
        const next = written(await survivor.update("adapter", name, revision, adapterBody(name), author));
        expect(await actionsOf(survivor, name)).toEqual([...first, `update ${next.revision}`]);
      },
    );
    expect(points).toBe(expected);
  },
);

test.each([
  ["dies", 5],
  ["loses", 5],
] as const)(
  "a purge whose gateway %s at any write is finished by another, and the name is free",
  async (mishap, expected) => {
    const points = await atEveryWrite(
      mishap,
      marked,
      (store, name, uid) => store.purge("adapter", name, uid),
      async (survivor, name) => {
        const found = await survivor.get("adapter", name);
        if (found) await survivor.purge("adapter", name, found.uid);
        expect(await survivor.get("adapter", name)).toBeUndefined();
        expect(await actionsOf(survivor, name)).toEqual(["create 1", "delete 2"]);
        expect(written(await survivor.create("tool", name, toolBody(name), author)).revision).toBe(1);
      },
    );
    expect(points).toBe(expected);
  },
);

test("a creation that is overtaken while it is slow is taken back, and hears who has the name", async () => {
  await using link = cosmosLink(emulator);
  const { store: slow } = await openStore(link.url);
  await using _ = slow;
  const { store: fast } = await openStore(emulator.url(), { aheadMs });
  await using _fast = fast;
  const arrived = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  link.interfere(({ isWrite, method, path }, pass) => {
    if (!isWrite || method !== "POST" || !path.includes("AdapterContainer")) return undefined;
    arrived.resolve();
    return goOn.promise.then(pass);
  });
  const creating = slow.create("adapter", "overtaken", adapterBody("overtaken"), author);
  await arrived.promise;
  const tool = written(await fast.create("tool", "overtaken", toolBody("overtaken"), author));
  goOn.resolve();
  expect(await creating).toEqual({ state: "exists", kind: "tool", deleting: false });
  expect(await fast.get("adapter", "overtaken")).toBeUndefined();
  expect(await fast.get("tool", "overtaken")).toEqual(tool);
  expect(await actionsOf(fast, "overtaken")).toEqual(["create 1"]);
});

test("while the trail takes nothing no write is acknowledged, and afterwards each has its entry once", async () => {
  await using link = cosmosLink(emulator);
  const { store } = await openStore(link.url);
  await using _ = store;
  await created(store, "unnoted");
  link.interfere(({ isWrite, path }) => (isWrite && path.includes("AuditContainer") ? cosmosRefusal(403) : undefined));
  await expect(store.update("adapter", "unnoted", 1, adapterBody("unnoted"), author)).rejects.toThrow("403");
  await expect(store.update("adapter", "unnoted", 2, adapterBody("unnoted"), author)).rejects.toThrow("403");
  expect((await store.get("adapter", "unnoted"))?.revision).toBe(2);
  link.interfere(() => undefined);
  expect(written(await store.update("adapter", "unnoted", 2, adapterBody("unnoted"), author)).revision).toBe(3);
  expect(await actionsOf(store, "unnoted")).toEqual(["create 1", "update 2", "update 3"]);
});

test("a mark whose gateway died before it was noted is noted before the purge takes the record away", async () => {
  const { store } = await openStore(emulator.url());
  await using _ = store;
  await using link = cosmosLink(emulator);
  const { store: dying } = await openStore(link.url);
  await using _dying = dying;
  const uid = await created(store, "marked");
  link.interfere(({ isWrite, path }) => (isWrite && path.includes("AuditContainer") ? cosmosRefusal(403) : undefined));
  await expect(dying.markDeleting("adapter", "marked", 1, author)).rejects.toThrow("403");
  expect(await actionsOf(store, "marked")).toEqual(["create 1"]);
  await store.purge("adapter", "marked", uid);
  expect(await actionsOf(store, "marked")).toEqual(["create 1", "delete 2"]);
});

test("what a dead gateway left half done is finished by one that has been running, without a restart", async () => {
  const { store } = await openStore(emulator.url(), { compareMs: 20 });
  await using _ = store;
  await using link = cosmosLink(emulator);
  const { store: dying } = await openStore(link.url);
  await using _dying = dying;
  await created(store, "swept");
  link.interfere(({ isWrite, path }) => (isWrite && path.includes("AuditContainer") ? cosmosRefusal(403) : undefined));
  await expect(dying.update("adapter", "swept", 1, adapterBody("swept"), author)).rejects.toThrow("403");
  await until("the entry", async () => (await actionsOf(store, "swept")).length === 2);
  expect(await actionsOf(store, "swept")).toEqual(["create 1", "update 2"]);
});

test("a restoring that is refused, or fails in the middle, leaves nothing, and its names are free", async () => {
  await using link = cosmosLink(emulator);
  const { store } = await openStore(link.url);
  await using _ = store;
  await created(store, "kept");
  const past = (name: string): Resource => {
    const uid = crypto.randomUUID();
    return { kind: "adapter", name, uid, revision: 4, deleting: false, body: adapterBody(name) };
  };
  const refused = await store.restore([past("past-1"), past("kept"), past("past-2")]);
  expect(refused).toEqual({ state: "exists", names: [{ kind: "adapter", name: "kept" }] });
  let creations = 0;
  link.interfere(({ isWrite, method, path }) => {
    if (!isWrite || method !== "POST" || !path.includes("AdapterContainer")) return undefined;
    return ++creations === 2 ? cosmosRefusal(403) : undefined;
  });
  await expect(store.restore([past("past-1"), past("past-2")])).rejects.toThrow("403");
  for (const name of ["past-1", "past-2"]) {
    expect(await store.get("adapter", name)).toBeUndefined();
    expect(written(await store.create("tool", name, toolBody(name), author)).revision).toBe(1);
  }
});
