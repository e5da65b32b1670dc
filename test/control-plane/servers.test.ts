import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { Store } from "../../gateway/store/store.ts";
import { author, serverBody, written } from "../store/records.ts";
import type { Client } from "../support/client.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type StaticRuntime, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";

const stack = new AsyncDisposableStack();
let store: Store;
let runtime: StaticRuntime;
let gateway: TestGateway;
let alice: Client;
let bob: Client;
let admin: Client;

beforeAll(async () => {
  store = stack.use(await temporaryStore());
  runtime = stack.use(staticRuntime([]));
  gateway = stack.use(await startGateway({}, { store, runtime }));
  alice = gateway.as("alice");
  bob = gateway.as("bob", "mcp.support");
  admin = gateway.as("root", "mcp.admin");
});
afterAll(() => stack.disposeAsync());

let made = 0;
const freshName = () => `server-${++made}`;
const tools = [{ tool: "weather-tool" }, { adapter: "github", tool: "create_issue", as: "open_ticket" }];

async function created(client: Client, more: Partial<api.ServerData> = {}) {
  const name = freshName();
  const { response, data } = await api.createServer({ client, body: { name, tools, ...more } });
  expect(response?.status).toBe(201);
  return { name, data, etag: response?.headers.get("etag") as string };
}

test("a new virtual server has every field, in the contract's order, and may be read back", async () => {
  const chosen = [
    { tool: "weather-tool", as: "weather", description: "The weather" },
    { adapter: "github", tool: "*" },
  ];
  const { response, data } = await api.createServer({ client: alice, body: { name: "support", tools: chosen } });
  expect(response?.headers.get("location")).toBe(`${gateway.url}/servers/support`);
  expect(response?.headers.get("etag")).toMatch(/^"[0-9a-f]{8}-1"$/);
  expect(data).toEqual({
    id: "support",
    name: "support",
    description: "",
    requiredRoles: [],
    tools: chosen,
    toolSearch: false,
    createdBy: "alice",
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    lastUpdatedAt: data?.createdAt as string,
  });
  const read = await api.getServer({ client: alice, path: { name: "support" } });
  expect(JSON.stringify(read.data)).toBe(JSON.stringify(data));
});

test("an update replaces every field and keeps who made it", async () => {
  const { name, data } = await created(alice, { description: "before", requiredRoles: ["a"], toolSearch: true });
  const { data: after } = await api.updateServer({ client: admin, path: { name }, body: { name, tools: [] } });
  expect(after).toMatchObject({ description: "", requiredRoles: [], tools: [], toolSearch: false, createdBy: "alice" });
  expect(after?.createdAt).toBe(data?.createdAt as string);
});

test("who may do what with somebody else's virtual server", async () => {
  const { name } = await created(alice, { requiredRoles: ["mcp.support"] });
  const path = { name };
  const body = { name, tools, requiredRoles: ["mcp.support"] };
  const statuses = async (client: Client) => [
    (await api.getServer({ client, path })).response?.status,
    (await api.getServerStatus({ client, path })).response?.status,
    (await api.updateServer({ client, path, body })).response?.status,
    (await api.listServers({ client })).data?.some((listed) => listed.name === name),
  ];
  expect(await statuses(gateway.as("carol"))).toEqual([403, 403, 403, false]);
  expect(await statuses(bob)).toEqual([200, 200, 403, true]);
  expect(await statuses(admin)).toEqual([200, 200, 200, true]);
  const refused = await api.deleteServer({ client: bob, path });
  expect(refused.error).toMatchObject({
    status: 403,
    detail: "You do not have permission to write this virtual server.",
  });
  expect((await api.deleteServer({ client: admin, path })).response?.status).toBe(204);
  expect((await api.getServer({ client: admin, path })).error).toMatchObject({
    status: 404,
    detail: "The virtual server does not exist.",
  });
});

test.each([
  [
    "one `as` twice",
    [
      { tool: "a", as: "same" },
      { adapter: "b", tool: "c", as: "same" },
    ],
    false,
    "tools",
    "Two tools have the same `as`.",
  ],
  [
    "a renamed `*`",
    [{ adapter: "a", tool: "*", as: "all" }],
    false,
    "tools.0",
    "`*` stands for many tools: it cannot be renamed or described.",
  ],
  [
    "a described `*`",
    [{ adapter: "a", tool: "*", description: "x" }],
    false,
    "tools.0",
    "`*` stands for many tools: it cannot be renamed or described.",
  ],
  [
    "the name of a search tool",
    [{ tool: "a", as: "call_tool" }],
    true,
    "tools",
    "With toolSearch, search_tools, describe_tool, call_tool are taken.",
  ],
  [
    "an `as` of 61 characters",
    [{ tool: "a", as: "a".repeat(61) }],
    false,
    "tools.0.as",
    "A tool's name here has at most 60 letters, digits, underscores and dashes.",
  ],
  [
    "an `as` with a dot",
    [{ tool: "a", as: "a.b" }],
    false,
    "tools.0.as",
    "A tool's name here has at most 60 letters, digits, underscores and dashes.",
  ],
  [
    "a description with NUL",
    [{ tool: "a", description: "\u0000" }],
    false,
    "tools.0.description",
    "Must be text without NUL.",
  ],
])("%s is a 400 that names the field, at creation and at an update", async (_name, wrong, toolSearch, field, why) => {
  const expected = { status: 400, detail: `${field}: ${why}`, errors: [{ path: field, message: why }] };
  const refused = await api.createServer({ client: alice, body: { name: "valid", tools: wrong, toolSearch } });
  expect(refused.error).toMatchObject(expected);
  const { name } = await created(alice);
  const put = await api.updateServer({ client: alice, path: { name }, body: { name, tools: wrong, toolSearch } });
  expect(put.error).toMatchObject(expected);
});

test("without tool search its tools' names are free", async () => {
  await created(alice, { tools: [{ tool: "a", as: "call_tool" }] });
});

test("virtual servers have names of their own, each only once", async () => {
  const { name } = await created(alice);
  const again = await api.createServer({ client: bob, body: { name, tools } });
  expect(again.error).toMatchObject({ status: 409, detail: "The virtual server with the same name already exists." });
  const adapter = { name, imageName: "mcp-example", imageVersion: "1" };
  expect((await api.createAdapter({ client: bob, body: adapter })).response?.status).toBe(201);
  expect((await api.deleteServer({ client: alice, path: { name } })).response?.status).toBe(204);
  expect((await api.getAdapter({ client: bob, path: { name } })).response?.status).toBe(200);
  expect(runtime.wanted(name)?.kind).toBe("adapter");
});

test("URL and body must name the same virtual server, and one that is not there cannot be updated", async () => {
  const { name } = await created(alice);
  const misnamed = await api.updateServer({ client: alice, path: { name }, body: { name: "other", tools } });
  expect(misnamed.error).toMatchObject({ status: 400, detail: "Virtual server name in URL and body must match." });
  const absent = await api.updateServer({ client: alice, path: { name: "missing" }, body: { name: "missing", tools } });
  expect(absent.error).toMatchObject({
    status: 404,
    detail: "The virtual server does not exist and cannot be updated.",
  });
});

test("If-Match lets one of two writers through", async () => {
  const { name, etag } = await created(alice);
  const put = (ifMatch: string) =>
    api.updateServer({ client: alice, path: { name }, headers: { "if-match": ifMatch }, body: { name, tools } });
  const statuses = (await Promise.all([put(etag), put(etag)])).map(({ response }) => response?.status);
  expect(statuses.toSorted()).toEqual([200, 412]);
  const stale = await api.deleteServer({ client: alice, path: { name }, headers: { "if-match": etag } });
  expect(stale.error).toMatchObject({
    status: 412,
    detail: "The virtual server was changed since you read it. Read it again, then repeat the change.",
  });
});

test("a deletion is over when it is answered: the record is gone, and the name is free", async () => {
  const order: string[] = [];
  await using fresh = await temporaryStore();
  const purge: Store["purge"] = async (...which) => {
    // Longer than an answer takes.
    await Bun.sleep(50);
    await fresh.purge(...which);
    order.push("purged");
  };
  await using started = await startGateway({}, { store: { ...fresh, purge }, runtime: staticRuntime([]) });
  const client = started.as();
  await api.createServer({ client, body: { name: "short", tools } });
  expect((await api.deleteServer({ client, path: { name: "short" } })).response?.status).toBe(204);
  order.push("answered");
  expect(order).toEqual(["purged", "answered"]);
  expect(await fresh.get("server", "short")).toBeUndefined();
  expect((await api.createServer({ client, body: { name: "short", tools } })).response?.status).toBe(201);
});

test("a virtual server that was marked when the gateway died is gone after the next start", async () => {
  await using fresh = await temporaryStore();
  const { uid } = written(await fresh.create("server", "kept", serverBody("kept"), author));
  await fresh.create("server", "marked", serverBody("marked"), author);
  await fresh.markDeleting("server", "marked", 1, author);
  await using started = await startGateway({}, { store: fresh, runtime: staticRuntime([]) });
  await until("the purge", async () => (await fresh.get("server", "marked")) === undefined);
  expect((await fresh.get("server", "kept"))?.uid).toBe(uid);
  const again = await api.createServer({ client: started.as(), body: { name: "marked", tools } });
  expect(again.response?.status).toBe(201);
});
