import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { type RestorableStore, StoreUnavailable } from "../../../gateway/store/store.ts";
import {
  type CosmosEmulator,
  type CosmosLink,
  cosmosEmulator,
  cosmosLink,
  cosmosRefusal,
  emulatorKey,
} from "../../support/cosmos.ts";
import { adapterBody, author, call, serverBody, written } from "../records.ts";
import { actionsOf, documentsOf, openStore } from "./stand.ts";

let emulator: CosmosEmulator;
let link: CosmosLink;
let store: RestorableStore;
beforeAll(async () => {
  emulator = await cosmosEmulator();
});
afterAll(() => emulator[Symbol.asyncDispose]());
beforeEach(async () => {
  link = cosmosLink(emulator);
  ({ store } = await openStore(link.url));
});
afterEach(async () => {
  link.interfere(() => undefined);
  await store[Symbol.asyncDispose]();
  await link[Symbol.asyncDispose]();
});

test("who is throttled comes again when Cosmos DB says, and the write succeeds once", async () => {
  let throttled = 0;
  link.interfere(({ isWrite }) => {
    if (!isWrite || throttled === 3) return undefined;
    throttled++;
    return cosmosRefusal(429, { "x-ms-retry-after-ms": "1" });
  });
  expect(written(await store.create("adapter", "throttled", adapterBody("throttled"), author)).revision).toBe(1);
  expect(throttled).toBe(3);
});

test("a write that is sent twice, because its first answer got lost, is one write", async () => {
  const sent = new Map<string, number>();
  link.interfere(async ({ isWrite, method, path }, pass) => {
    const key = `${method} ${path}`;
    sent.set(key, (sent.get(key) ?? 0) + 1);
    if (!isWrite || (sent.get(key) ?? 0) % 2 === 0) return undefined;
    await pass();
    return cosmosRefusal(429, { "x-ms-retry-after-ms": "1" });
  });
  const created = written(await store.create("adapter", "twice", adapterBody("twice"), author));
  expect(written(await store.update("adapter", "twice", 1, adapterBody("twice"), author)).revision).toBe(2);
  expect(written(await store.markDeleting("adapter", "twice", 2, author)).revision).toBe(3);
  await store.purge("adapter", "twice", created.uid);
  expect(await store.get("adapter", "twice")).toBeUndefined();
  expect(await actionsOf(store, "twice")).toEqual(["create 1", "update 2", "delete 3"]);
  expect(written(await store.create("adapter", "twice", adapterBody("twice"), author)).revision).toBe(1);
});

test("who is throttled without an end is told that the store is unavailable", async () => {
  let asked = 0;
  link.interfere(() => {
    asked++;
    return cosmosRefusal(429, { "x-ms-retry-after-ms": "1" });
  });
  await expect(store.get("adapter", "any")).rejects.toBeInstanceOf(StoreUnavailable);
  expect(asked).toBe(10);
});

test.each([
  ["503", () => cosmosRefusal(503)],
  ["408", () => cosmosRefusal(408)],
  ["a proxy's page", () => new Response("<html>bad gateway</html>", { status: 502 })],
])("of an outage (%s) every operation says that the store is unavailable, and nothing secret", async (_, answer) => {
  link.interfere(answer);
  const body = adapterBody("out");
  const operations = [
    () => store.get("adapter", "out"),
    () => store.list("adapter"),
    () => store.create("adapter", "out", body, author),
    () => store.create("server", "out", serverBody("out"), author),
    () => store.update("adapter", "out", 1, body, author),
    () => store.markDeleting("adapter", "out", 1, author),
    () => store.purge("adapter", "out", "x"),
    () => store.recordCalls([call()]),
    () => store.audit({ limit: 1 }),
    () => store.purgeAudit(new Date(), 1),
    () => store.subscribe(() => undefined),
  ];
  for (const operation of operations) {
    const failure = await operation().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(Bun.inspect(failure, { depth: 9 })).not.toContain(emulatorKey);
    expect((failure as Error).cause).toBeUndefined();
  }
});

test.each(["1002", "1003"])(
  "a 404 that is no record's (substatus %s) is an outage, and no absence",
  async (substatus) => {
    const name = `there-${substatus}`;
    const { uid } = written(await store.create("adapter", name, adapterBody(name), author));
    await store.markDeleting("adapter", name, 1, author);
    link.interfere(() => cosmosRefusal(404, { "x-ms-substatus": substatus }));
    await expect(store.get("adapter", name)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.list("adapter")).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.update("adapter", name, 2, adapterBody(name), author)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.purge("adapter", name, uid)).rejects.toBeInstanceOf(StoreUnavailable);
    link.interfere(() => undefined);
    expect((await store.get("adapter", name))?.deleting).toBe(true);

    const other = `other-${substatus}`;
    await store.create("adapter", other, adapterBody(other), author);
    link.interfere(({ isWrite }) => (isWrite ? cosmosRefusal(404, { "x-ms-substatus": substatus }) : undefined));
    const updating = store.update("adapter", other, 1, adapterBody(other), author);
    await expect(updating).rejects.toBeInstanceOf(StoreUnavailable);
  },
);

test("where nobody listens any more the store is unavailable, and the request with its signature is not in the error", async () => {
  await link[Symbol.asyncDispose]();
  const failure = await store.get("adapter", "any").then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(StoreUnavailable);
  expect((failure as Error).cause).toBeUndefined();
  expect(Bun.inspect(failure, { depth: 9 })).not.toContain("sig%3D");
});

test("a list longer than one page of Cosmos DB is read to its end", async () => {
  using documents = documentsOf(emulator);
  const { McpGateway } = (
    await documents.container("ServerContainer").items.create({
      id: "page-0000",
      McpGateway: { uid: crypto.randomUUID(), revision: 1, deleting: false, rest: serverBody("page-0000") },
    })
  ).resource as unknown as { McpGateway: object };
  for (let count = 1; count < 1005; count++) {
    await documents.upsert("ServerContainer", { id: `page-${String(count).padStart(4, "0")}`, McpGateway });
  }
  let queries = 0;
  link.interfere(({ method, isWrite }) => {
    if (method === "POST" && !isWrite) queries++;
    return undefined;
  });
  const names = (await store.list("server")).map(({ name }) => name);
  expect([names.length, names[0], names.at(-1)]).toEqual([1005, "page-0000", "page-1004"]);
  expect(queries).toBeGreaterThan(1);
}, 60_000);

test("of more calls than one transaction takes all are kept, or none", async () => {
  const calls = Array.from({ length: 250 }, (_, count) => call({ actor: "many", requestId: `m-${count}` }));
  let batches = 0;
  link.interfere(({ isWrite, method, path }) => {
    if (!isWrite || method !== "POST" || !path.includes("AuditContainer")) return undefined;
    batches++;
    return batches === 3 ? cosmosRefusal(503) : undefined;
  });
  await expect(store.recordCalls(calls)).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await store.audit({ actor: "many", limit: 500 })).toMatchObject({ entries: [] });
  await store.recordCalls(calls);
  const read = await store.audit({ actor: "many", limit: 500 });
  expect(read.state === "read" && read.entries.map(({ requestId }) => requestId)).toEqual(
    calls.map(({ requestId }) => requestId).reverse(),
  );
});

test("entries expire after the days of the retention, and without one never", async () => {
  using documents = documentsOf(emulator);
  const { store: forgetful } = await openStore(emulator.url(), { auditRetentionDays: 30 });
  await using _ = forgetful;
  await forgetful.recordCalls([call({ actor: "expires" })]);
  await forgetful.create("server", "expires", serverBody("expires"), author);
  await store.recordCalls([call({ actor: "stays" })]);
  const all = await documents.all("AuditContainer");
  const ttlOf = (field: string, value: string) => all.find((entry) => entry[field] === value)?.["ttl"];
  expect([ttlOf("actor", "expires"), ttlOf("name", "expires"), ttlOf("actor", "stays")]).toEqual([
    2_592_000,
    2_592_000,
    undefined,
  ]);
});
