import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { RequestSeen } from "../../gateway/observe/requests/request-seen.ts";
import type { ToolCall } from "../../gateway/observe/requests/tool-call.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { endpointAt, type StaticRuntime, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";

/** Of the whole file, and of each test. */
const gatewayStack = new AsyncDisposableStack();
let stack: AsyncDisposableStack;
let gateway: TestGateway;
let runtime: StaticRuntime;
let seen: RequestSeen[];
let calls: ToolCall[];

beforeAll(async () => {
  const store = gatewayStack.use(await temporaryStore());
  runtime = gatewayStack.use(staticRuntime([]));
  gateway = gatewayStack.use(
    await startGateway({ HOLD_SECONDS: "0.3" }, { store, runtime }, (events) => ({
      ...events,
      requestOver(request) {
        // What is told is the request itself, which goes on living.
        const { requestId, traceId, ...rest } = request;
        seen.push({ requestId, traceId, ...rest });
        events.requestOver(request);
      },
      toolCalled(call) {
        calls.push(call);
        events.toolCalled(call);
      },
    })),
  );
});
afterAll(() => gatewayStack.disposeAsync());

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  runtime.set([]);
  await register("x");
  [seen, calls] = [[], []];
});
afterEach(async () => {
  await api.deleteAdapter({ client: gateway.as(), path: { name: "x" } });
  await stack.disposeAsync();
});

async function register(name: string) {
  const body = { name, imageName: "x", imageVersion: "1", requiredRoles: ["mcp.dev"] };
  const { response } = await api.createAdapter({ client: gateway.as(), body });
  expect(response?.status).toBe(201);
}

type Answer = (request: Request, body: string) => Response | Promise<Response>;

/** Makes it the replica x-0. */
function upstream(answer: Answer): { origin: string; stop(): Promise<void> } {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => answer(request, await request.text()),
  });
  const stop = () => server.stop(true);
  stack.defer(stop);
  const origin = `http://127.0.0.1:${server.port}`;
  runtime.set([endpointAt(origin, "x-0")]);
  return { origin, stop };
}

const json = (body: object, init?: ResponseInit) => Response.json(body, init);
const result = (value: object) => json({ jsonrpc: "2.0", id: 1, result: value });
const message = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const toolCall = (name = "forecast") => message("tools/call", { name, arguments: {} });

type Asking = { method?: string; headers?: Record<string, string>; signal?: AbortSignal; path?: string };

const ask = (body: string | null, { method = "POST", headers = {}, signal, path = "/adapters/x/mcp" }: Asking = {}) =>
  fetch(gateway.url + path, {
    method,
    body,
    headers: {
      accept: "application/json, text/event-stream",
      ...(body !== null && { "content-type": "application/json" }),
      ...devHeaders("ada"),
      ...headers,
    },
    signal: signal ?? null,
  });

/** The one request that is over. */
const only = () =>
  until("one request is over", () => (seen.length > 0 ? seen[0] : undefined)).then((first) => {
    expect(seen).toHaveLength(1);
    return first;
  });

test.each([
  ["an answer", toolCall(), () => result({ content: [] }), { status: 200, method: "tools/call", tool: "forecast" }],
  [
    "a JSON-RPC error",
    toolCall("nosuch"),
    () => json({ jsonrpc: "2.0", id: 1, error: { code: -32602, message: "no" } }),
    { status: 200, rpcError: -32602, isToolError: false },
  ],
  [
    "a tool's error",
    toolCall(),
    () => result({ isError: true }),
    { status: 200, rpcError: undefined, isToolError: true },
  ],
  ["a notification", message("notifications/initialized"), () => new Response(null, { status: 202 }), { status: 202 }],
  [
    "an error of the server",
    message("ping"),
    () => new Response("oh", { status: 500 }),
    { status: 500, method: "ping" },
  ],
  ["a batch", `[${toolCall()},${message("ping")}]`, () => json([]), { status: 200, method: "batch", tool: undefined }],
] as const)("%s is told with what it was", async (_what, body, answer, expected) => {
  upstream(answer);
  await (await ask(body)).text();
  const over = await only();
  expect(over).toMatchObject({
    place: "x",
    principal: "ada",
    replica: "x-0",
    via: "client",
    end: "complete",
    ...expected,
  });
  expect(over.requestBytes).toBe(body.length);
  const { durationMs, gatewayMs = -1, upstreamMs = -1 } = over;
  expect(Math.min(gatewayMs, upstreamMs)).toBeGreaterThan(0);
  expect(gatewayMs + upstreamMs).toBeLessThanOrEqual(durationMs);
});

test("the server's time is not the gateway's, nor is that in which the body comes", async () => {
  upstream(async () => {
    await Bun.sleep(100);
    return result({});
  });
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(Buffer.from(toolCall().slice(0, 10)));
      await Bun.sleep(100);
      controller.enqueue(Buffer.from(toolCall().slice(10)));
      controller.close();
    },
  });
  await (await ask(body as never)).text();
  const { gatewayMs, upstreamMs, durationMs } = await only();
  expect(upstreamMs).toBeGreaterThan(90);
  expect(durationMs).toBeGreaterThan(180);
  expect(gatewayMs).toBeLessThan(90);
});

test("an answer that streams is over with its last event, and its failure is found in it", async () => {
  const events = stack.use(eventStream());
  upstream(() => events.response);
  const response = await ask(toolCall());
  expect(seen).toEqual([]);
  events.send(`data: {"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}\n\n`);
  events.end();
  await response.text();
  expect(await only()).toMatchObject({ isStream: true, isLasting: false, rpcError: -32000, end: "complete" });
  expect(seen[0]?.answerBytes).toBeGreaterThan(60);
});

test("a stream whose client leaves is left, and one whose server dies is broken", async () => {
  const server = upstream(() => stack.use(eventStream()).response);
  const leaving = new AbortController();
  await ask(null, { method: "GET", signal: leaving.signal });
  leaving.abort();
  expect(await only()).toMatchObject({ method: "GET", end: "left", isStream: true, isLasting: true, status: 200 });
  seen = [];
  const response = await ask(null, { method: "GET" });
  void server.stop();
  await response.text().catch(() => {});
  expect(await only()).toMatchObject({ end: "broken", status: 200 });
});

test("a session has one short name, from its opening to its end and after", async () => {
  upstream((request) => {
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    const session = request.headers.get("mcp-session-id");
    return session === null ? json({}, { headers: { "mcp-session-id": "s-1" } }) : result({});
  });
  const id = (await ask(message("initialize"))).headers.get("mcp-session-id") as string;
  const headers = { "mcp-session-id": id };
  await ask(toolCall(), { headers });
  await ask(null, { method: "DELETE", headers });
  runtime.set([]);
  expect((await ask(toolCall(), { headers })).status).toBe(404);
  await until("all are over", () => seen.length === 4);
  const [name] = seen.map(({ session }) => session);
  expect(name).toMatch(/^[0-9a-f]{16}$/);
  expect(seen.map(({ session, status }) => [session, status])).toEqual([
    [name, 200],
    [name, 200],
    [name, 204],
    [name, 404],
  ]);
});

test.each([
  [
    "an adapter that is not there",
    toolCall(),
    { path: "/adapters/y/mcp" },
    { status: 404, place: "", path: "/adapters/y/mcp" },
  ],
  ["one that may not be used", toolCall(), { headers: devHeaders("eve", "guest") }, { status: 403, place: "x" }],
  ["a body that is no JSON", "{", {}, { status: 400, place: "x", method: "" }],
  [
    "a Host that is not served",
    toolCall(),
    { headers: { origin: "https://evil.example" } },
    { status: 403, principal: undefined },
  ],
  ["a method that is not there", toolCall(), { method: "PUT" }, { status: 405, httpMethod: "PUT" }],
  [
    "a session that is none",
    toolCall(),
    { headers: { "mcp-session-id": "g1.x" } },
    { status: 404, replica: undefined },
  ],
  ["no replica", toolCall(), {}, { status: 503, replica: undefined, upstreamMs: undefined }],
])("%s is told with its status", async (_what, body, asking, expected) => {
  await (await ask(body, asking)).text();
  expect(await only()).toMatchObject(expected);
});

test("the time in which no replica was ready is told apart", async () => {
  const asked = ask(toolCall());
  await Bun.sleep(50);
  upstream(() => result({}));
  await (await asked).text();
  const { heldMs = 0, gatewayMs = 0 } = await only();
  expect(heldMs).toBeGreaterThan(20);
  expect(gatewayMs).toBeLessThan(heldMs);
});

test("a call ends in the audit trail as it ended for the client", async () => {
  const answers: [string, () => Response][] = [
    ["ok", () => result({ content: [] })],
    ["error", () => json({ jsonrpc: "2.0", id: 1, error: { code: -32603, message: "no" } })],
    ["error", () => result({ isError: true })],
    ["error", () => new Response(null, { status: 500 })],
    ["refused", () => new Response(null, { status: 403 })],
  ];
  for (const [outcome, answer] of answers) {
    calls = [];
    upstream(answer);
    await (await ask(toolCall())).text();
    const [call] = await until("it is told", () => (calls.length > 0 ? calls : undefined));
    expect(call).toMatchObject({ kind: "adapter", name: "x", tool: "forecast", actor: "ada", outcome });
  }
});

test("a tool that the policy forbids is a refused call with the error that its caller had", async () => {
  const body = {
    name: "x",
    imageName: "x",
    imageVersion: "1",
    requiredRoles: ["mcp.dev"],
    allowedTools: { "*": ["other"] },
  };
  await api.updateAdapter({ client: gateway.as(), path: { name: "x" }, body });
  upstream(() => result({}));
  await (await ask(toolCall())).text();
  expect(await only()).toMatchObject({ status: 200, rpcError: -32602, replica: undefined });
  expect(calls).toMatchObject([{ tool: "forecast", outcome: "refused" }]);
});

test("what the router asks in a client's name is told by itself, under the same request's id", async () => {
  const body = { name: "x", imageName: "x", imageVersion: "1", requiredRoles: ["mcp.dev"], exposeTools: true };
  await api.updateAdapter({ client: gateway.as(), path: { name: "x" }, body });
  upstream((_request, body) => {
    const { id, method } = JSON.parse(body) as { id: number; method: string };
    const discovered = {
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: {} },
      ttlMs: 0,
      resultType: "complete",
    };
    const tools = { tools: [{ name: "forecast", inputSchema: { type: "object" } }], resultType: "complete" };
    const called = { content: [], isError: true, resultType: "complete" };
    const answer = method === "server/discover" ? discovered : method === "tools/list" ? tools : called;
    return json({ jsonrpc: "2.0", id, result: answer });
  });
  const response = await ask(toolCall("x_forecast"), { path: "/mcp" });
  expect(await response.text()).toContain('"isError":true');
  await until("the outer one is over", () => seen.some(({ place }) => place === "/mcp"));
  const outer = seen.find(({ place }) => place === "/mcp");
  const inner = seen.find(({ method, via }) => method === "tools/call" && via === "router");
  expect(outer).toMatchObject({ tool: "x_forecast", via: "client", isToolError: true, status: 200 });
  expect(inner).toMatchObject({ place: "x", tool: "forecast", principal: "ada", isToolError: true, replica: "x-0" });
  expect(inner?.requestId).toBe(outer?.requestId as string);
});

/** An event stream that the test feeds. */
function eventStream(): Disposable & { response: Response; send(text: string): void; end(): void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
      given.enqueue(Buffer.from(": open\n\n"));
    },
    cancel: () => {
      isOpen = false;
    },
  });
  const end = () => {
    if (isOpen) controller?.close();
    isOpen = false;
  };
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream" } }),
    send: (text) => controller?.enqueue(Buffer.from(text)),
    end,
    [Symbol.dispose]: end,
  };
}
