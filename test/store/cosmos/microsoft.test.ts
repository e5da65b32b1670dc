import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Bodies, RestorableStore } from "../../../gateway/store/store.ts";
import { type CosmosEmulator, cosmosEmulator } from "../../support/cosmos.ts";
import { until } from "../../support/until.ts";
import { adapterBody, author, toolBody, written } from "../records.ts";
import { actionsOf, type Documents, documentsOf, openStore, type Told } from "./stand.ts";

let emulator: CosmosEmulator;
let documents: Documents;
let store: RestorableStore;
let told: Told;
beforeEach(async () => {
  emulator = await cosmosEmulator();
  documents = documentsOf(emulator);
  ({ store, told } = await openStore(emulator.url(), { compareMs: 30 }));
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  documents[Symbol.dispose]();
  await emulator[Symbol.asyncDispose]();
});

/** As the Microsoft gateway writes it: every field it knows, no other, in .NET's format of times. */
function microsoftAdapter(name: string, changes: Record<string, unknown> = {}) {
  return {
    id: name,
    Name: name,
    ImageName: "mcp-example",
    ImageVersion: "1.0.0",
    EnvironmentVariables: { LOG_LEVEL: "info" },
    ReplicaCount: 1,
    Description: "",
    UseWorkloadIdentity: false,
    RequiredRoles: ["mcp.engineer"],
    CreatedBy: "ms-user",
    CreatedAt: "2026-08-21T12:00:00.1234567+02:00",
    LastUpdatedAt: "2026-08-21T10:30:00+00:00",
    ...changes,
  };
}

function microsoftTool(name: string, definition: Record<string, unknown>) {
  const tool = { name, title: null, description: "d", inputSchema: { type: "object" }, outputSchema: null };
  const more = { annotations: { title: null, readOnlyHint: true }, icons: null, _meta: null };
  return microsoftAdapter(name, { ToolDefinition: { tool: { ...tool, ...more }, ...definition } });
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test("an adapter that the Microsoft gateway wrote reads as one of ours, always with the same uid", async () => {
  await documents.upsert("AdapterContainer", microsoftAdapter("theirs"));
  const read = await store.get("adapter", "theirs");
  expect(read).toEqual({
    kind: "adapter",
    name: "theirs",
    uid: expect.stringMatching(uuid),
    revision: 1,
    deleting: false,
    body: {
      id: "theirs",
      name: "theirs",
      imageName: "mcp-example",
      imageVersion: "1.0.0",
      environmentVariables: { LOG_LEVEL: "info" },
      replicaCount: 1,
      description: "",
      useWorkloadIdentity: false,
      requiredRoles: ["mcp.engineer"],
      pod: null,
      allowedTools: null,
      exposeTools: false,
      affinity: "principal",
      createdBy: "ms-user",
      createdAt: "2026-08-21T10:00:00.123Z",
      lastUpdatedAt: "2026-08-21T10:30:00.000Z",
    },
  });
  expect(await store.list("adapter")).toEqual([read as never]);
  expect(await actionsOf(store, "theirs")).toEqual(["create 1"]);
  const asTool = await store.create("tool", "theirs", toolBody("theirs"), author);
  expect(asTool).toEqual({ state: "exists", kind: "adapter", deleting: false });
  expect(written(await store.update("adapter", "theirs", 1, adapterBody("theirs"), author)).uid).toBe(read?.uid ?? "");
});

test("a tool's default port, on which it could never be reached there, is read as the one that its Service has", async () => {
  await documents.upsert("ToolContainer", microsoftTool("t-default", { port: 443, path: "/score" }));
  await documents.upsert("ToolContainer", microsoftTool("t-own", { port: 9000, path: "/run" }));
  expect((await store.get("tool", "t-default"))?.body.toolDefinition).toEqual({
    tool: {
      name: "t-default",
      description: "d",
      inputSchema: { type: "object" },
      annotations: { readOnlyHint: true },
    },
    port: 8000,
    path: "/score",
  });
  expect((await store.get("tool", "t-own"))?.body.toolDefinition).toMatchObject({ port: 9000, path: "/run" });
});

test("what we write has the fields of the Microsoft gateway, and secrets are not among them", async () => {
  const environmentVariables: Bodies["adapter"]["environmentVariables"] = {
    LOG_LEVEL: "info",
    TOKEN: { secret: true, value: "s3cret" },
    REF: { secretRef: { name: "github" } },
  };
  await store.create("adapter", "ours", adapterBody("ours", { environmentVariables }), author);
  await store.create("tool", "our-tool", toolBody("our-tool"), author);
  const [adapter] = await documents.all("AdapterContainer");
  expect(adapter).toMatchObject({
    id: "ours",
    Name: "ours",
    ImageName: "mcp-example",
    ImageVersion: "1.0.0",
    EnvironmentVariables: { LOG_LEVEL: "info" },
    ReplicaCount: 1,
    Description: "",
    UseWorkloadIdentity: false,
    RequiredRoles: [],
    CreatedBy: "ada",
    CreatedAt: "2026-11-23T09:00:00.000Z",
    LastUpdatedAt: "2026-11-23T09:00:00.000Z",
  });
  expect(adapter?.["EnvironmentVariables"]).toEqual({ LOG_LEVEL: "info" });
  const [tool] = await documents.all("ToolContainer");
  expect(tool?.["ToolDefinition"]).toEqual({
    tool: {
      name: "our-tool",
      inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
    port: 8000,
    path: "/score",
  });
});

test("a change by the Microsoft gateway keeps the uid, the policy, the manager and the secrets, which it does not know", async () => {
  const body = adapterBody("shared", {
    allowedTools: { "*": ["forecast"] },
    environmentVariables: { LOG_LEVEL: "info", TOKEN: { secret: true, value: "s3cret" } },
    owner: "ada-key",
    managedBy: "kubernetes",
  });
  const created = written(await store.create("adapter", "shared", body, author));
  const heard: string[] = [];
  const stop = await store.subscribe((change) => change.type === "changed" && heard.push(change.name));
  await documents.upsert("AdapterContainer", microsoftAdapter("shared", { ReplicaCount: 4 }));
  await until("the change is told", () => heard.length > 0);
  await stop();

  const changed = await store.get("adapter", "shared");
  expect(changed).toEqual({
    ...created,
    revision: 3,
    body: {
      ...body,
      replicaCount: 4,
      requiredRoles: ["mcp.engineer"],
      createdBy: "ms-user",
      createdAt: "2026-08-21T10:00:00.123Z",
      lastUpdatedAt: "2026-08-21T10:30:00.000Z",
    },
  });
  expect(await store.update("adapter", "shared", 1, body, author)).toEqual({ state: "stale", revision: 3 });
  expect(await actionsOf(store, "shared")).toEqual(["create 1", "update 3"]);
  const read = await store.audit({ name: "shared", limit: 1 });
  expect(read).toMatchObject({ entries: [{ actor: "microsoft-mcp-gateway" }] });
  expect(heard).toEqual(["shared"]);
});

test("every change by the Microsoft gateway has a revision of its own", async () => {
  await store.create("adapter", "often", adapterBody("often"), author);
  const revisions: (number | undefined)[] = [];
  for (const replicas of [2, 3, 4]) {
    await documents.upsert("AdapterContainer", microsoftAdapter("often", { ReplicaCount: replicas }));
    const read = await store.get("adapter", "often");
    expect(read?.body.replicaCount).toBe(replicas);
    revisions.push(read?.revision);
  }
  expect(revisions).toEqual([3, 5, 7]);
});

test("what is being deleted stays so, though the Microsoft gateway writes it once more", async () => {
  const { uid } = written(await store.create("adapter", "dying", adapterBody("dying"), author));
  await store.markDeleting("adapter", "dying", 1, author);
  await documents.upsert("AdapterContainer", microsoftAdapter("dying"));
  expect(await store.get("adapter", "dying")).toMatchObject({ uid, deleting: true });
  await store.purge("adapter", "dying", uid);
  expect(await store.get("adapter", "dying")).toBeUndefined();
});

test("what the Microsoft gateway removed is gone, is told, and its name is free", async () => {
  await store.create("adapter", "removed", adapterBody("removed"), author);
  const heard: string[] = [];
  const stop = await store.subscribe((change) => change.type === "changed" && heard.push(change.name));
  await documents.remove("AdapterContainer", "removed");
  await until("the removal is told", () => heard.includes("removed"));
  await stop();
  expect(await store.get("adapter", "removed")).toBeUndefined();
  expect(written(await store.create("tool", "removed", toolBody("removed"), author)).revision).toBe(1);
});

test("what it removed and created again is another one, with nothing of the former", async () => {
  const body = adapterBody("again", { allowedTools: { "*": [] } });
  const { uid } = written(await store.create("adapter", "again", body, author));
  await documents.remove("AdapterContainer", "again");
  await documents.upsert("AdapterContainer", microsoftAdapter("again"));
  const second = await store.get("adapter", "again");
  expect(second?.uid).not.toBe(uid);
  expect(second).toMatchObject({ revision: 1, body: { allowedTools: null } });
});

test("a document that is no record, or has the name of another, is left alone, not shown, and told once", async () => {
  await store.create("adapter", "good", adapterBody("good"), author);
  const broken = { id: "broken", Name: "broken", ReplicaCount: "many" };
  await documents.upsert("AdapterContainer", broken);
  await documents.upsert("ToolContainer", microsoftTool("good", { port: 443, path: "/score" }));
  for (let turn = 0; turn < 3; turn++) {
    expect((await store.list("adapter")).map(({ name }) => name)).toEqual(["good"]);
    expect(await store.get("adapter", "broken")).toBeUndefined();
    expect(await store.list("tool")).toEqual([]);
  }
  expect(told.hidden).toEqual([
    { kind: "adapter", name: "broken", reason: "Its fields are not those of a record." },
    { kind: "tool", name: "good", reason: "Its name is that of another adapter." },
  ]);
  expect(await documents.all("AdapterContainer")).toContainEqual(expect.objectContaining(broken));
});

test("a page is full though what is not shown lies in between", async () => {
  for (const name of ["p-1", "p-3", "p-5"]) await documents.upsert("AdapterContainer", microsoftAdapter(name));
  for (const name of ["p-2", "p-4"]) await documents.upsert("AdapterContainer", { id: name, Name: name });
  const names = async (after: string | undefined) =>
    (await store.list("adapter", { after, limit: 2 })).map(({ name }) => name);
  expect(await names(undefined)).toEqual(["p-1", "p-3"]);
  expect(await names("p-3")).toEqual(["p-5"]);
  expect(await names("p-5")).toEqual([]);
});

test("ten gateways that see a foreign document at once agree on it, and note it once", async () => {
  const others = await Promise.all(Array.from({ length: 9 }, () => openStore(emulator.url())));
  await documents.upsert("AdapterContainer", microsoftAdapter("seen"));
  const all = [store, ...others.map((other) => other.store)];
  const reads = await Promise.all(all.map((each) => each.get("adapter", "seen")));
  expect(new Set(reads.map((read) => `${read?.uid} ${read?.revision}`)).size).toBe(1);
  expect(reads[0]?.revision).toBe(1);
  expect(await actionsOf(store, "seen")).toEqual(["create 1"]);
  for (const other of others) await other.store[Symbol.asyncDispose]();
});
