import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { Found } from "../../gateway/runtime/runtime.ts";
import { startReferenceServer } from "../conformance/reference.ts";
import { modern } from "../router/stand.ts";
import type { Client } from "../support/client.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { openMcpSession } from "../support/mcp-session.ts";
import { endpointAt, type StaticRuntime, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { foundStand, usable } from "./found-stand.ts";

const stack = new AsyncDisposableStack();
const stand = foundStand();
let gateway: TestGateway;
let runtime: StaticRuntime;
let dev: Client;
let admin: Client;
let server: string;

const status: Found["status"] = async ({ revision }) => ({
  desired: 3,
  ready: 2,
  updated: 3,
  image: "registry.example.com/weather:1",
  observedRevision: revision,
  reason: "weather-2 has no guard.",
  replicas: [{ name: "weather-2", instance: 2, state: "starting", restarts: 0, reason: "it has no guard." }],
});
const logs: Found["logs"] = async (name, { instance }) =>
  instance > 0 ? { state: "absent" } : { state: "open", lines: new Response(`the lines of ${name}\n`).body ?? nothing };
const nothing = new ReadableStream<Uint8Array>();

beforeAll(async () => {
  server = new URL(stack.use(await startReferenceServer()).url).origin;
  runtime = stack.use(staticRuntime([]));
  const store = stack.use(await temporaryStore());
  const found = { ...stand.found, status, logs };
  gateway = stack.use(await startGateway({ HOLD_SECONDS: "0.2" }, { store, runtime: { ...runtime, found } }));
  dev = gateway.as();
  admin = gateway.as("root", "mcp.admin");
  stand.put("weather", usable({ exposeTools: true }), [endpointAt(server, "weather-0")]);
  await until("it is registered", async () => (await read(dev)).data);
});
afterAll(() => stack.disposeAsync());

const path = { name: "weather" };
const body = { name: "weather", imageName: "mcp-example", imageVersion: "1" };
const read = (client: Client, name = "weather") => api.getAdapter({ client, path: { name } });
const names = async (client: Client) => (await api.listAdapters({ client })).data?.map(({ name }) => name);

test("it is shown and listed to whoever has a role that its annotations name, and to admins", async () => {
  for (const client of [dev, admin]) {
    expect((await read(client)).data).toMatchObject({
      managedBy: "kubernetes",
      createdBy: "kubernetes",
      replicaCount: 2,
    });
    expect(await names(client)).toContain("weather");
  }
  const stranger = gateway.as("bob", "mcp.ops");
  expect((await read(stranger)).response?.status).toBe(403);
  expect(await names(stranger)).not.toContain("weather");
});

test("nobody owns it, whatever they are called", async () => {
  stand.put("private", usable({ requiredRoles: [] }));
  await until("it is registered", async () => (await read(admin, "private")).data);
  const impostor = gateway.as("kubernetes", "mcp.dev");
  expect((await read(impostor, "private")).response?.status).toBe(403);
  expect(await names(impostor)).not.toContain("private");
});

test("nobody changes or deletes it here: whoever sees it is told where", async () => {
  const detail = "The adapter is managed by Kubernetes: change or delete its StatefulSet or pods with kubectl.";
  for (const client of [dev, admin]) {
    const put = await api.updateAdapter({ client, path, body });
    expect(put.error).toMatchObject({ status: 409, title: "Conflict", detail });
    const removed = await api.deleteAdapter({ client, path });
    expect(removed.error).toMatchObject({ status: 409, title: "Conflict", detail });
  }
  const stranger = gateway.as("bob", "mcp.ops");
  const put = await api.updateAdapter({ client: stranger, path, body });
  expect(put.error).toMatchObject({ status: 403, detail: "You do not have permission to write this adapter." });
  expect((await api.deleteAdapter({ client: stranger, path })).response?.status).toBe(403);
  expect((await read(dev)).response?.headers.get("etag")).toEndWith('-1"');
});

test("its name is taken", async () => {
  const created = await api.createAdapter({ client: admin, body });
  expect(created.error).toMatchObject({ status: 409, detail: "The adapter with the same name already exist." });
});

test("who manages an adapter is not for callers to say", async () => {
  const mine = { ...body, name: "mine", managedBy: "kubernetes" };
  const created = await api.createAdapter({ client: dev, body: mine });
  expect(created.data?.managedBy).toBe("gateway");
  const updated = await api.updateAdapter({ client: dev, path: { name: "mine" }, body: mine });
  expect(updated.data?.managedBy).toBe("gateway");
  expect((await api.deleteAdapter({ client: dev, path: { name: "mine" } })).response?.status).toBe(204);
});

test("its status and logs are those of what people run", async () => {
  expect((await api.getAdapterStatus({ client: dev, path })).data).toMatchObject({
    readyReplicas: 2,
    replicaStatus: "Degraded: 2/3 ready",
    reason: "weather-2 has no guard.",
    observedRevision: 1,
    conditions: [
      { type: "Accepted", status: "True" },
      { type: "Available", status: "True" },
      { type: "Ready", status: "False", message: "2 of 3 replicas are ready: weather-2 has no guard." },
    ],
    replicas: [{ name: "weather-2", reason: "it has no guard." }],
  });
  expect((await api.getAdapterLogs({ client: dev, path })).data).toBe("the lines of weather\n");
  const absent = await api.getAdapterLogs({ client: dev, path, query: { instance: 1 } });
  expect(absent.error).toMatchObject({ status: 404, detail: "The adapter has no instance 1." });
});

test("nothing is ever run for it", async () => {
  expect(runtime.wanted("weather")).toBeUndefined();
  await api.createAdapter({ client: dev, body: { ...body, name: "run" } });
  await until("what was made here runs", () => runtime.wanted("run"));
  expect(runtime.wanted("weather")).toBeUndefined();
});

test("MCP sessions live on its replicas through every change, and the tool router shows its tools", async () => {
  const replicas = [endpointAt(server, "rain-0")];
  stand.put("rain", usable({ exposeTools: true }), replicas);
  await until("it is registered", async () => (await read(dev, "rain")).data);
  const session = await openMcpSession(gateway.mcpUrl("rain"), "dev");
  expect(await session.call("whoami")).toBeObject();
  const listed = await modern(new URL("/mcp", gateway.url), "tools/list", {}, devHeaders("dev"));
  expect(listed.result.tools.map(({ name }) => name)).toContain("rain_whoami");
  stand.put("rain", usable({ description: "How much" }), replicas);
  await until("the change", async () => (await read(dev, "rain")).data?.description === "How much");
  expect(await session.call("whoami")).toBeObject();
});

test("a pod that is labelled with the name of an adapter made here gets none of its requests, now or when there is nobody else", async () => {
  const asked: string[] = [];
  using foreign = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      asked.push(request.url);
      return new Response();
    },
  });
  await api.createAdapter({ client: dev, body: { ...body, name: "ours" } });
  stand.put("ours", usable(), [endpointAt(foreign.url.origin, "ours-0")]);
  await until("the refusal", () => stand.refusalOf("ours"));
  runtime.set([endpointAt(server, "ours-0")]);
  const session = await openMcpSession(gateway.mcpUrl("ours"), "dev");
  expect(await session.call("whoami")).toBeObject();
  runtime.set([]);
  expect(await session.statusOf("whoami")).toBe(404);
  await expect(openMcpSession(gateway.mcpUrl("ours"), "dev")).rejects.toThrow("503");
  expect(asked).toEqual([]);
});
