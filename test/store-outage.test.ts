import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Store } from "../gateway/store/store.ts";
import * as api from "../openapi/client/index.ts";
import { startReferenceServer } from "./conformance/reference.ts";
import { modern, registrar, runtimeAt } from "./router/stand.ts";
import { adapterBody, author } from "./store/records.ts";
import { type FailingStore, failingStore } from "./support/failing-store.ts";
import { devHeaders, startGateway, type TestGateway } from "./support/gateway.ts";
import { openMcpSession } from "./support/mcp-session.ts";
import { temporaryStore } from "./support/store.ts";
import { until } from "./support/until.ts";

const stack = new AsyncDisposableStack();
let real: Store;
let failing: FailingStore;
let gateway: TestGateway;

beforeAll(async () => {
  const server = stack.use(await startReferenceServer());
  const { origin } = new URL(server.url);
  real = stack.use(await temporaryStore());
  failing = failingStore(real);
  const runtime = runtimeAt({ ref: [origin], second: [origin], gone: [origin], lost: [origin] });
  gateway = stack.use(await startGateway({ AUDIT_CALLS: "true" }, { store: failing.store, runtime }));
  await registrar(gateway).adapter({ name: "ref", exposeTools: true, requiredRoles: ["mcp.dev"] });
});
afterAll(() => stack.disposeAsync());
// Of a test that failed, too.
beforeEach(async () => {
  failing.up();
  await until("readiness", async () => (await readiness()).body.status === "ok");
});

async function readiness() {
  const response = await fetch(new URL("/readyz", gateway.url));
  return { status: response.status, body: (await response.json()) as { status: string; reason?: string } };
}

const adapter = (name: string) => ({ name, imageName: "any", imageVersion: "1" });
const tools = async () =>
  (await modern(new URL("/mcp", gateway.url), "tools/list", {}, devHeaders("dev"))).result.tools;

test("without its database live traffic goes on: sessions, new sessions, router lists and calls", async () => {
  const before = await openMcpSession(gateway.mcpUrl("ref"), "dev");
  const listed = await tools();
  failing.down();
  await until("the outage", async () => (await readiness()).body.status === "degraded");
  expect(await before.call("whoami")).toBeObject();
  const during = await openMcpSession(gateway.mcpUrl("ref"), "dev");
  expect(await during.call("whoami")).toBeObject();
  expect((await tools()).map(({ name }) => name)).toEqual(listed.map(({ name }) => name));
  expect(listed.map(({ name }) => name)).toContain("ref_whoami");
  const call = { name: "ref_whoami", arguments: {} };
  expect((await modern(new URL("/mcp", gateway.url), "tools/call", call, devHeaders("dev"))).status).toBe(200);
});

test("without its database the gateway stays ready, and says what is missing since when, to nobody's advantage", async () => {
  failing.down();
  const { status, body } = await until("the outage", async () => {
    const seen = await readiness();
    return seen.body.status === "degraded" && seen;
  });
  expect(status).toBe(200);
  expect(body.reason).toMatch(/^The database has not answered since \d{4}-\d\d-\d\dT[\d:.]+Z\. /);
  expect(body.reason).not.toContain("a test switched off");
  failing.up();
  await until("the end", async () => (await readiness()).body.status === "ok");
  expect(await readiness()).toEqual({ status: 200, body: { status: "ok" } });
});

test("without its database reads and writes over REST are told when to try again, and nothing is half done", async () => {
  const client = gateway.as("dev", "mcp.admin");
  const path = { name: "ref" };
  failing.down();
  const answers = await Promise.all([
    api.listAdapters({ client }),
    api.getAdapter({ client, path }),
    api.getAdapterStatus({ client, path }),
    api.listTools({ client }),
    api.listServers({ client }),
    api.listAudit({ client }),
    api.createAdapter({ client, body: adapter("new") }),
    api.updateAdapter({ client, path, body: adapter("ref") }),
    api.deleteAdapter({ client, path }),
    api.createServer({ client, body: { name: "new", tools: [{ adapter: "ref", tool: "whoami" }] } }),
  ]);
  for (const { response, error } of answers) {
    expect(response?.status).toBe(503);
    expect(response?.headers.get("retry-after")).toBe("5");
    expect(response?.headers.get("content-type")).toBe("application/problem+json");
    expect(error).toMatchObject({
      title: "Service Unavailable",
      detail:
        "The gateway's database does not answer now. Try again in a few seconds; before you repeat a change, see whether it was made.",
    });
    expect(JSON.stringify(error)).not.toContain("a test switched off");
  }
  expect((await real.list("adapter")).map(({ name, revision, deleting }) => [name, revision, deleting])).toEqual([
    ["ref", 1, false],
  ]);
  expect(await real.list("server")).toEqual([]);
  failing.up();
  expect((await api.getAdapter({ client, path })).response?.status).toBe(200);
});

test("a change whose answer was lost is made once, and is there when the database is back", async () => {
  const client = gateway.as();
  failing.down("lost");
  const lost = await api.createAdapter({ client, body: adapter("lost") });
  expect(lost.response?.status).toBe(503);
  failing.up();
  await until("its route", async () => (await statusOf("lost")) === 200);
  expect((await api.createAdapter({ client, body: adapter("lost") })).response?.status).toBe(409);
  expect(await real.get("adapter", "lost")).toMatchObject({ revision: 1 });
  expect((await api.deleteAdapter({ client, path: { name: "lost" } })).response?.status).toBe(204);
});

test("a write that is acknowledged just before the outage is answered as done", async () => {
  const { create } = failing.store;
  const client = gateway.as();
  const store: Store = {
    ...failing.store,
    async create(...asked) {
      const created = await create(...asked);
      failing.down();
      return created;
    },
  };
  await using other = await startGateway({ HOLD_SECONDS: "1" }, { store, runtime: runtimeAt({}) });
  const answer = await api.createAdapter({ client: other.as(), body: adapter("acknowledged") });
  expect(answer.response?.status).toBe(201);
  failing.up();
  await until("its view", async () => (await fetch(other.mcpUrl("acknowledged"), ping)).status !== 404);
  expect((await api.deleteAdapter({ client, path: { name: "acknowledged" } })).response?.status).toBe(204);
});

test("when the database is back, so is what others wrote and deleted meanwhile", async () => {
  await registrar(gateway).adapter({ name: "gone" });
  expect(await statusOf("gone")).toBe(200);
  failing.down();
  await real.markDeleting("adapter", "gone", 1, author);
  await real.purge("adapter", "gone", (await real.get("adapter", "gone"))?.uid ?? "");
  await real.create("adapter", "second", adapterBody("second"), author);
  await until("the outage", async () => (await readiness()).body.status === "degraded");
  expect([await statusOf("gone"), await statusOf("second")]).toEqual([200, 404]);
  failing.up();
  await until("the end", async () => (await readiness()).body.status === "ok");
  expect([await statusOf("gone"), await statusOf("second")]).toEqual([404, 200]);
  expect(
    (await api.deleteAdapter({ client: gateway.as("ada", "mcp.admin"), path: { name: "second" } })).response?.status,
  ).toBe(204);
});

test("calls of an outage are in the audit trail afterwards", async () => {
  const client = gateway.as("root", "mcp.admin");
  const session = await openMcpSession(gateway.mcpUrl("ref"), "carol");
  failing.down();
  await until("the outage", async () => (await readiness()).body.status === "degraded");
  for (let call = 0; call < 3; call++) await session.call("whoami", { call });
  expect(await real.audit({ actor: "carol", limit: 10 })).toMatchObject({ entries: [] });
  failing.up();
  await until("the three calls", async () => {
    const { data } = await api.listAudit({ client, query: { actor: "carol", action: "call" } });
    return data?.entries.length === 3;
  });
});

const ping = {
  method: "POST",
  headers: devHeaders("dev", "mcp.admin"),
  body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}',
};

/** Of opening an MCP session. */
async function statusOf(name: string): Promise<number> {
  const headers = {
    ...ping.headers,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const response = await fetch(gateway.mcpUrl(name), { ...ping, headers });
  await response.text();
  return response.status;
}
