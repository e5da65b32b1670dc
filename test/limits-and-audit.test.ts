import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../openapi/client/index.ts";
import { devHeaders, startGateway, type TestGateway } from "./support/gateway.ts";
import { openMcpSession } from "./support/mcp-session.ts";
import { endpointAt, staticRuntime } from "./support/static-runtime.ts";
import { startReferenceServer } from "./conformance/reference.ts";
import { temporaryStore } from "./support/store.ts";
import { until } from "./support/until.ts";

const stack = new AsyncDisposableStack();
let gateway: TestGateway;

beforeAll(async () => {
  const server = stack.use(await startReferenceServer());
  const store = stack.use(await temporaryStore());
  const runtime = staticRuntime([endpointAt(new URL(server.url).origin, "ref-0")]);
  const settings = { RATE_LIMIT_PER_MINUTE: "6", MAX_SESSIONS: "2", AUDIT_CALLS: "true" };
  gateway = stack.use(await startGateway(settings, { store, runtime }));
  const body = { name: "ref", imageName: "reference", imageVersion: "1", requiredRoles: ["mcp.dev"] };
  const policy = { allowedTools: { "*": ["whoami", "replica"] } };
  expect(
    (await api.createAdapter({ client: gateway.as("alice"), body: { ...body, ...policy } })).response?.status,
  ).toBe(201);
});
afterAll(() => stack.disposeAsync());

const ping = (user: string) =>
  fetch(gateway.mcpUrl("ref"), {
    method: "POST",
    headers: devHeaders(user),
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });

test("a seventh request within a minute is told when to come back, in words and in headers; others go on", async () => {
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await ping("eager")).status);
  expect(statuses).not.toContain(429);
  const limited = await ping("eager");
  expect(limited.status).toBe(429);
  const seconds = Number(limited.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(65);
  expect(limited.headers.get("ratelimit-policy")).toBe('"gateway";q=6;w=60');
  expect(await limited.json()).toMatchObject({
    error: { message: `Too many calls to adapter "ref": 6 per minute are allowed. Try again in ${seconds} s.` },
  });
  expect((await ping("patient")).status).not.toBe(429);
});

test("a third session is refused until one is ended", async () => {
  const first = await openMcpSession(gateway.mcpUrl("ref"), "sessions");
  await openMcpSession(gateway.mcpUrl("ref"), "sessions");
  await expect(openMcpSession(gateway.mcpUrl("ref"), "sessions")).rejects.toThrow("initialize: 429");
  const headers = { ...devHeaders("sessions"), "mcp-session-id": first.id, "mcp-protocol-version": "2025-11-25" };
  await fetch(gateway.mcpUrl("ref"), { method: "DELETE", headers });
  await openMcpSession(gateway.mcpUrl("ref"), "sessions");
});

test("a third stream is refused until one is closed", async () => {
  const stream = () => new ReadableStream({ start: (events) => events.enqueue(": open\n\n") });
  const headers = { "content-type": "text/event-stream" };
  await using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(stream(), { headers }) });
  await using store = await temporaryStore();
  const runtime = staticRuntime([endpointAt(`http://127.0.0.1:${server.port}`, "x-0")]);
  await using limited = await startGateway({ MAX_STREAMS: "2" }, { store, runtime });
  await api.createAdapter({ client: limited.as(), body: { name: "x", imageName: "x", imageVersion: "1" } });
  const open = (abort: AbortController) => fetch(limited.mcpUrl("x"), { signal: abort.signal });

  const [first, second] = [new AbortController(), new AbortController()];
  // Held to the end: Bun lets go of a stream whose response nobody can reach.
  const streams = [await open(first), await open(second)];
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  expect((await open(new AbortController())).status).toBe(429);
  first.abort();
  await until("a stream may be opened again", async () => {
    const again = new AbortController();
    const { status } = await open(again);
    again.abort();
    return status === 200;
  });
  second.abort();
  await Promise.allSettled(streams.map((response) => response.text()));
});

test("every change and every tool call is in the trail, with who, what and how it went, and for admins only", async () => {
  const session = await openMcpSession(gateway.mcpUrl("ref"), "carol");
  await session.call("whoami", { secret: "do not tell" });
  await session.statusOf("echo_headers");
  const admin = gateway.as("root", "mcp.admin");
  const calls = await until("both calls are there", async () => {
    const { data } = await api.listAudit({ client: admin, query: { actor: "carol", action: "call" } });
    return data?.entries.length === 2 && data.entries;
  });
  const [refused, done] = calls;
  expect(done).toMatchObject({ name: "ref", tool: "whoami", outcome: "ok", status: 200, arguments: null });
  expect(done?.argumentsHash).toMatch(/^[0-9a-f]{64}$/);
  expect(done?.session).toMatch(/^[0-9a-f]{16}$/);
  expect(refused).toMatchObject({ tool: "echo_headers", outcome: "refused", session: done?.session });
  expect(JSON.stringify(calls)).not.toContain("do not tell");

  const { data: changes } = await api.listAudit({ client: admin, query: { action: "create" } });
  expect(changes?.entries[0]).toMatchObject({ actor: "alice", kind: "adapter", name: "ref", revision: 1 });
  expect((await api.listAudit({ client: gateway.as("alice") })).response?.status).toBe(403);
});
