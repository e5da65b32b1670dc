import { afterAll, beforeAll, expect, test } from "bun:test";
import { activeSessions } from "../../../injector/guard/sessions.ts";
import { until } from "../../support/until.ts";
import { gatewayKey, type GuardProcess, keyVolume, startGuard, vouched } from "./support.ts";

const stack = new AsyncDisposableStack();
let guard: GuardProcess;
/** Whose figures are full. */
let another: GuardProcess;
let answer: (request: Request) => Response | Promise<Response>;

beforeAll(async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: (request) => answer(request) });
  stack.defer(() => server.stop(true));
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  const start = () => startGuard(`http://127.0.0.1:${server.port}`, volume.file);
  guard = stack.use(await start());
  another = stack.use(await start());
});
afterAll(() => stack.disposeAsync());

const result = { jsonrpc: "2.0", id: 1, result: {} };
const failure = (code: number) => ({ jsonrpc: "2.0", id: 1, error: { code, message: "no" } });
const event = (message: unknown) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const stream = (...events: string[]) =>
  new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });

async function ask(
  call: string | undefined,
  { method = "POST", sid = undefined as string | undefined, body = "{}", at = guard } = {},
) {
  const headers = { ...vouched({ sid }), ...(call !== undefined && { "mcp-gateway-call": call }) };
  const response = await fetch(`${at.url}/mcp`, { method, headers, body: method === "POST" ? body : undefined });
  await response.text();
  return response;
}

/** What changed in the figures while this happened. */
async function changes(happen: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await guard.metrics();
  await happen();
  const after = await guard.metrics();
  const changed = [...after].filter(
    ([name, value]) => value !== (before.get(name) ?? 0) && !name.startsWith("process_"),
  );
  return Object.fromEntries(changed.map(([name, value]) => [name, value - (before.get(name) ?? 0)]));
}

const requests = (method: string, tool: string, status: number, rpcError: string | number) =>
  `mcp_guard_requests_total{method="${method}",tool="${tool}",status="${status}",rpc_error="${rpcError}"}`;

test.each<[string | undefined, () => Response, string]>([
  ["tools/call add", () => Response.json(result), requests("tools/call", "add", 200, "none")],
  ["tools/call a%20%22b%22%0A", () => Response.json(result), requests("tools/call", 'a \\"b\\"\\n', 200, "none")],
  ["tools/list", () => Response.json(failure(-32602)), requests("tools/list", "", 200, -32602)],
  ["tools/list", () => Response.json(failure(-32000), { status: 400 }), requests("tools/list", "", 400, "other")],
  ["ping", () => stream(event(result)), requests("ping", "", 200, "none")],
  ["ping", () => stream(event({ method: "x" }), event(failure(-32601))), requests("ping", "", 200, -32601)],
  ["initialize", () => new Response("no", { status: 415 }), requests("initialize", "", 415, "none")],
  ["ping", () => new Response("teapot", { status: 418 }), requests("ping", "", "4xx" as never, "none")],
  ["response", () => new Response(null, { status: 202 }), requests("response", "", 202, "none")],
  ["batch", () => Response.json([result, failure(-32603)]), requests("batch", "", 200, -32603)],
  ["own/method", () => Response.json(result), requests("other", "", 200, "none")],
  ["%", () => Response.json(result), requests("other", "", 200, "none")],
  [undefined, () => Response.json(result), requests("other", "", 200, "none")],
])("a request that the gateway calls %p is counted by its outcome", async (call, respond, sample) => {
  answer = respond;
  const changed = await changes(() => ask(call));
  expect(Object.entries(changed).filter(([name]) => name.startsWith("mcp_guard_requests_total"))).toEqual([
    [sample, 1],
  ]);
});

test("times and bytes are counted, and what lasts has no time", async () => {
  answer = async (request) => {
    await Bun.sleep(request.method === "POST" ? 60 : 0);
    return request.method === "GET" ? stream("data: x\n\n") : new Response("x".repeat(100));
  };
  const changed = await changes(() => ask("tools/call slow", { body: "y".repeat(70_000) }));
  expect(changed).toMatchObject({
    mcp_guard_request_bytes_total: 70_000,
    mcp_guard_response_bytes_total: 100,
    'mcp_guard_request_duration_seconds_count{method="tools/call",tool="slow"}': 1,
    'mcp_guard_request_duration_seconds_bucket{le="+Inf",method="tools/call",tool="slow"}': 1,
  });
  expect(
    changed['mcp_guard_request_duration_seconds_bucket{le="0.05",method="tools/call",tool="slow"}'],
  ).toBeUndefined();
  const lasting = await changes(() => ask("GET", { method: "GET" }));
  expect(lasting[requests("GET", "", 200, "none")]).toBe(1);
  expect(Object.keys(lasting).filter((name) => name.includes("duration"))).toEqual([]);
});

test("a session counts from its beginning to its end, or until the server does not know it", async () => {
  const active = async () => (await guard.metrics()).get("mcp_guard_active_sessions");
  answer = () => Response.json(result, { headers: { "mcp-session-id": "s-1" } });
  await ask("initialize");
  expect(await active()).toBe(1);
  answer = () => Response.json(result);
  await ask("ping", { sid: "s-1" });
  await ask("ping");
  // As after a restart of the guard.
  await ask("ping", { sid: "s-2" });
  expect(await active()).toBe(2);
  answer = () => new Response(null, { status: 405 });
  await ask("DELETE", { sid: "s-1", method: "DELETE" });
  expect(await active()).toBe(2);
  answer = () => new Response(null, { status: 204 });
  await ask("DELETE", { sid: "s-1", method: "DELETE" });
  expect(await active()).toBe(1);
  answer = () => Response.json(failure(-32001), { status: 404 });
  await ask("ping", { sid: "s-2" });
  await ask("ping", { sid: "s-3" });
  expect(await active()).toBe(0);
});

test("open streams are those under way", async () => {
  const open = async () => (await guard.metrics()).get("mcp_guard_open_streams");
  const ending = Promise.withResolvers<void>();
  answer = () => {
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue("data: 1\n\n");
        await ending.promise;
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  };
  const client = new AbortController();
  const asking = [1, 2, 3].map((n) =>
    fetch(`${guard.url}/mcp`, { headers: vouched(), ...(n === 1 && { signal: client.signal }) }),
  );
  await until("three are open", async () => (await open()) === 3);
  await Promise.all(asking);
  client.abort();
  await until("one has been left", async () => (await open()) === 2);
  ending.resolve();
  await until("all are over", async () => (await open()) === 0);
});

test("10,000 methods and tools, and every status and error, make no more than a few series", async () => {
  const codes = [-32700, -32600, -32601, -32602, -32603, -32001, -32002, -32020, -32021, -32022, -33_000];
  let n = 0;
  answer = () => Response.json(failure(codes[n % 11] as number), { status: 200 + (n++ % 399) });
  const named = (i: number) => (i % 3 === 0 ? `method-${i}` : `tools/call ${i % 3 === 1 ? i % 150 : `tool-${i}`}`);
  for (let i = 0; i < 10_000; i += 10)
    await Promise.all(Array.from({ length: 10 }, (_, j) => ask(named(i + j), { at: another })));
  const series = [...(await another.metrics()).keys()].filter((name) => name.startsWith("mcp_guard_"));
  const valuesOf = (label: string) =>
    new Set(series.map((name) => new RegExp(`[{,]${label}="([^"]*)"`).exec(name)?.[1]));
  // 100 names, "other", none, and a label that is not there.
  expect(valuesOf("tool").size).toBe(103);
  expect(valuesOf("method")).toContain("other");
  expect(valuesOf("method").size).toBeLessThan(12);
  const counted = series.filter((name) => name.startsWith("mcp_guard_requests_total")).length;
  expect(counted).toBeGreaterThan(1900);
  expect(counted).toBeLessThan(2050);
  expect(series.length).toBeLessThan(4500);
}, 60_000);

test("every figure has a help text and a unit in its name, in both formats", async () => {
  for (const accept of ["text/plain", "application/openmetrics-text;version=1.0.0"]) {
    const response = await fetch(`${guard.healthUrl}/metrics`, { headers: { accept } });
    const text = await response.text();
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]);
    expect(families.length).toBeGreaterThan(12);
    for (const [name = "", type = ""] of families) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*\\.$`, "m"));
      expect(name.endsWith("_total")).toBe(type === "counter" && accept === "text/plain");
    }
    expect(families.map(([name]) => name?.replace(/_total$/, "")).toSorted()).toEqual([
      "mcp_guard_active_sessions",
      "mcp_guard_build_info",
      "mcp_guard_keys",
      "mcp_guard_open_streams",
      "mcp_guard_refused",
      "mcp_guard_request_bytes",
      "mcp_guard_request_duration_seconds",
      "mcp_guard_requests",
      "mcp_guard_response_bytes",
      "mcp_guard_spans_dropped",
      "mcp_guard_upstream_failures",
      "process_cpu_seconds",
      "process_resident_memory_bytes",
      "process_start_time_seconds",
    ]);
  }
});

test("a session is over after 15 minutes of silence, unless a stream of it is open", () => {
  let nowMs = 0;
  const sessions = activeSessions({ now: () => nowMs });
  sessions.hold("silent")[Symbol.dispose]();
  const stream = sessions.hold("streaming");
  nowMs = 14 * 60_000;
  sessions.hold("late")[Symbol.dispose]();
  expect(sessions.count()).toBe(3);
  nowMs = 15 * 60_000;
  expect(sessions.count()).toBe(2);
  nowMs = 40 * 60_000;
  expect(sessions.count()).toBe(1);
  stream[Symbol.dispose]();
  expect(sessions.count()).toBe(1);
  nowMs = 55 * 60_000;
  expect(sessions.count()).toBe(0);
});

test("no more sessions are known than the limit, and the one that was used last stays", () => {
  const sessions = activeSessions({ now: () => 0, limits: { silentMs: 1000, maxSessions: 2 } });
  for (const id of ["a", "b", "a", "c"]) sessions.hold(id)[Symbol.dispose]();
  expect(sessions.count()).toBe(2);
  sessions.ended("b");
  expect(sessions.count()).toBe(2);
  sessions.ended("a");
  expect(sessions.count()).toBe(1);
});
