import { expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { Endpoint } from "../../gateway/runtime/runtime.ts";
import { type ReferenceServer, startReferenceServer } from "../conformance/reference.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type McpSession, openMcpSession } from "../support/mcp-session.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";

const keys = { old: "an old key of thirty-two characters", current: "the current key of thirty-two characters" };
const principals = Array.from({ length: 10 }, (_, i) => `user-${i}`);

/** Real replicas, and a store, that outlive the gateways before them. */
async function bench(stack: AsyncDisposableStack, replicas: number) {
  const store = stack.use(await temporaryStore());
  const servers: ReferenceServer[] = [];
  for (let i = 0; i < replicas; i++) servers.push(stack.use(await startReferenceServer()));
  const endpoints = servers.map(({ url }, i) => endpointAt(new URL(url).origin, `ref-${i}`));
  const runtime = stack.use(staticRuntime(endpoints.slice(0, 3)));
  const gateway = async (gatewayKeys: string) =>
    startGateway({ GATEWAY_KEYS: gatewayKeys }, { store: unowned(store), runtime: unowned(runtime) });
  return { servers, endpoints, runtime, gateway };
}

/** Keeps what a gateway only borrows from being closed with it. */
function unowned<Part extends AsyncDisposable>(part: Part): Part {
  return Object.assign(Object.create(part), { async [Symbol.asyncDispose]() {} });
}

async function register(gateway: TestGateway) {
  const body = { name: "ref", imageName: "reference", imageVersion: "1", requiredRoles: ["mcp.dev"] };
  expect((await api.createAdapter({ client: gateway.as(), body })).response?.status).toBe(201);
}

const open = (gateway: TestGateway, count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      openMcpSession(gateway.mcpUrl("ref"), principals[i % principals.length] as string),
    ),
  );
const homeOf = async (session: McpSession) => (await session.call("replica")).id as string;

test("200 sessions spread over 3 replicas, stay where they are for 20 calls, over a restart of the gateway and a change of keys", async () => {
  await using stack = new AsyncDisposableStack();
  const { gateway: start } = await bench(stack, 3);
  const first = await start(keys.old);
  await register(first);
  const sessions = await open(first, 200);
  const homes = await Promise.all(sessions.map(homeOf));
  const counts = Object.values(Object.groupBy(homes, (home) => home)).map((of) => of?.length ?? 0);
  expect(counts).toHaveLength(3);
  for (const count of counts) expect(Math.abs(count - 200 / 3)).toBeLessThan((200 / 3) * 0.35);

  const stay = async (calls: number) => {
    for (let i = 0; i < calls; i++) expect(await Promise.all(sessions.map(homeOf))).toEqual(homes);
  };
  await stay(9);
  await first[Symbol.asyncDispose]();

  const second = await start(`${keys.current},${keys.old}`);
  for (const session of sessions) session.moveTo(second.mcpUrl("ref"));
  await stay(10);
  await second[Symbol.asyncDispose]();

  await using third = await start(keys.current);
  for (const session of sessions) session.moveTo(third.mcpUrl("ref"));
  const statuses = await Promise.all(sessions.slice(0, 10).map((session) => session.statusOf("replica")));
  expect(new Set(statuses)).toEqual(new Set([404]));
}, 120_000);

test("a killed replica ends its sessions with the next request, and the others notice nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const { servers, endpoints, runtime, gateway: start } = await bench(stack, 3);
  await using gateway = await start(keys.current);
  await register(gateway);
  const sessions = await open(gateway, 30);
  const calls = await Promise.all(sessions.map((session) => session.call("replica")));
  const victim = servers[0] as ReferenceServer;
  process.kill(victim.pid, "SIGKILL");
  runtime.set(endpoints.slice(1, 3) as Endpoint[]);
  const statuses = await Promise.all(sessions.map((session) => session.statusOf("replica")));
  expect(statuses).toEqual(calls.map(({ pid }) => (pid === victim.pid ? 404 : 200)));
  expect(statuses).toContain(404);
  expect(statuses).toContain(200);
}, 60_000);

test("scaling from 3 to 5 moves no session, and new ones use the new replicas", async () => {
  await using stack = new AsyncDisposableStack();
  const { endpoints, runtime, gateway: start } = await bench(stack, 5);
  await using gateway = await start(keys.current);
  await register(gateway);
  const sessions = await open(gateway, 60);
  const homes = await Promise.all(sessions.map(homeOf));
  runtime.set(endpoints);
  expect(await Promise.all(sessions.map(homeOf))).toEqual(homes);
  const later = await Promise.all((await open(gateway, 100)).map(homeOf));
  expect(new Set(later).size).toBe(5);
}, 60_000);
