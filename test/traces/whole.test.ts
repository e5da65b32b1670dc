import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { ReceivedSpan } from "../support/otlp-receiver.ts";
import { callOf, type Era, headersFor, newTrace, openStand, post, resultIn, type Stand, type Trace } from "./stand.ts";

// Each waits for spans of several processes, beside other tests.
setDefaultTimeout(20_000);

const stack = new AsyncDisposableStack();
const stands = {} as Record<Guard, Stand>;

beforeAll(async () => {
  const [off, on] = await Promise.all([openStand(), openStand({ GUARD: "on" })]);
  for (const stand of [off, on]) stack.use(stand);
  Object.assign(stands, { off, on });
  const places = [off, on].flatMap((stand) => [
    stand.adapter("weather"),
    stand.stdioAdapter("shell"),
    stand.tool("score"),
  ]);
  await Promise.all(places);
}, 60_000);
afterAll(() => stack.disposeAsync());

/** One call as an agent makes it that has begun a trace; gives that, and what came to the server. */
async function called(
  stand: Stand,
  era: Era,
  path: string,
  tool: string,
  meta?: (trace: Trace) => Record<string, unknown>,
) {
  const url = new URL(path, stand.gateway.url);
  const headers = { ...(await headersFor(url, era)), "mcp-name": tool };
  // Whatever the router has to find out about a server for its first call.
  await (await post(url, callOf(era, tool), headers)).text();
  const trace = newTrace();
  const header: Record<string, string> = meta ? {} : { traceparent: trace.traceparent, tracestate: "vendor=1" };
  const response = await post(url, callOf(era, tool, meta?.(trace)), { ...headers, ...header });
  return { trace, came: (await resultIn(response)).structuredContent as Came };
}

type Came = { carrier: Record<string, unknown>; meta: Record<string, unknown> | null };

/** The whole trace, and that there is nothing else in it. */
async function wholeTree(stand: Stand, trace: Trace, size: number): Promise<string[]> {
  const tree = await stand.tree(trace, size);
  expect(stand.spansOf(trace)).toHaveLength(tree.length);
  return tree;
}

type Guard = "off" | "on";
/** In a message a guard writes nothing, so that a server that reads its trace there is the gateway's child, beside the guard. */
type Told = "in headers" | "in the message";

const own = "traced: server own look";
const guarded = "mcp-guard: server tools/call look";
function attempt(guard: Guard, told: Told): string[] {
  if (guard === "off") return below("mcp-gateway: client tools/call", [own]);
  const servers = told === "in headers" ? below(guarded, [own]) : [guarded, own];
  return below("mcp-gateway: client tools/call", servers);
}
const below = (line: string, lines: readonly string[]) => [line, ...lines.map((each) => `  ${each}`)];
const atAdapter = (guard: Guard, told: Told) =>
  below("mcp-gateway: server tools/call look", [
    "mcp-gateway: internal authenticate",
    "mcp-gateway: internal route",
    ...attempt(guard, told),
  ]);
const throughRouter = (shown: string, tool: string, parts: readonly string[]) =>
  below(`mcp-gateway: server tools/call ${shown}`, [
    "mcp-gateway: internal authenticate",
    ...below(`mcp-gateway: internal tools/call ${tool}`, ["mcp-gateway: internal route", ...parts]),
  ]);
const program = below("mcp-gateway: client tools/call", ["program: server own score"]);

const ways = (["legacy", "modern"] as const).flatMap((era) => [
  { era, path: "/adapters/weather/mcp", tool: "look", tree: (guard: Guard) => atAdapter(guard, "in headers") },
  {
    era,
    path: "/mcp",
    tool: "weather_look",
    tree: (guard: Guard) => throughRouter("weather_look", "look", attempt(guard, "in headers")),
  },
  {
    era,
    path: "/mcp",
    tool: "shell_look",
    // The router gives each call a _meta.
    tree: (guard: Guard) => throughRouter("shell_look", "look", attempt(guard, "in the message")),
  },
  { era, path: "/mcp", tool: "score", tree: () => throughRouter("score", "score", program) },
]);

for (const guard of ["off", "on"] as const) {
  const stand = () => stands[guard];

  test.each(ways)(`from agent to server a trace is whole: $era, $path $tool, guards ${guard}`, async (way) => {
    const { trace } = await called(stand(), way.era, way.path, way.tool);
    const tree = way.tree(guard);
    expect(await wholeTree(stand(), trace, tree.length)).toEqual(tree);
  });

  test.each(ways)(`it is if the message tells it: $era, $path $tool, guards ${guard}`, async (way) => {
    const { trace } = await called(stand(), way.era, way.path, way.tool, ({ traceparent }) => ({ traceparent }));
    const tree = way.tree(guard);
    expect(await wholeTree(stand(), trace, tree.length)).toEqual(tree);
  });

  test.each(["in headers", "in the message"] as const)(
    `a stdio server is told its trace that came %s; guards ${guard}`,
    async (told) => {
      const meta = ({ traceparent }: Trace) => ({ traceparent });
      const { trace } = await called(
        stand(),
        "legacy",
        "/adapters/shell/mcp",
        "look",
        told === "in headers" ? undefined : meta,
      );
      const tree = atAdapter(guard, told);
      expect(await wholeTree(stand(), trace, tree.length)).toEqual(tree);
    },
  );
}

test.each(["legacy", "modern"] as const)("the spans of a call in the %s era say what it was", async (era) => {
  const { trace } = await called(stands.on, era, "/adapters/weather/mcp", "look");
  await wholeTree(stands.on, trace, 6);
  const spans = stands.on.spansOf(trace);
  const by = (service: string, kind: number) => spans.find((span) => isOf(span, service) && span.kind === kind);
  const request = {
    "mcp.method.name": "tools/call",
    "gen_ai.tool.name": "look",
    "gen_ai.operation.name": "execute_tool",
    "mcp.protocol.version": era === "legacy" ? "2025-11-25" : "2026-07-28",
    ...(era === "legacy" && { "mcp.session.id": expect.stringMatching(/^[0-9a-f]{16,32}$/) }),
    "http.request.method": "POST",
    "http.response.status_code": 200,
    "network.protocol.name": "http",
    "network.protocol.version": "1.1",
    "network.transport": "tcp",
  };
  expect(by("mcp-gateway", 2)?.attributes).toEqual({
    ...request,
    "mcp_gateway.place": "weather",
    "mcp_gateway.replica": "weather-0",
    "mcp_gateway.request.id": expect.stringMatching(/^[0-9a-f]{12}-\w+$/),
  });
  expect(by("mcp-guard", 2)?.attributes).toEqual(request);
  expect(by("mcp-gateway", 3)?.attributes).toEqual({ "mcp.method.name": "tools/call" });
  expect(by("mcp-gateway", 1)?.attributes).toEqual({});
  expect(by("mcp-gateway", 2)?.traceState).toBe("vendor=1");
  expect(by("mcp-guard", 2)?.traceState).toBe("vendor=1");
  expect(by("traced", 2)?.traceState).toBe("vendor=1");
});

test("no span of the gateway begins before the one it is part of, or ends after it", async () => {
  const { trace } = await called(stands.off, "modern", "/mcp", "weather_look");
  await wholeTree(stands.off, trace, 6);
  const spans = stands.off.spansOf(trace).filter((span) => isOf(span, "mcp-gateway"));
  // A 64-bit time loses its last digits as a number.
  const roundingMs = 0.001;
  const end = ({ startMs, seconds }: ReceivedSpan) => startMs + seconds * 1000;
  const children = spans.flatMap((span) => {
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    return parent ? [{ span, parent }] : [];
  });
  expect(children).toHaveLength(4);
  for (const { span, parent } of children) {
    expect(span.startMs).toBeGreaterThan(parent.startMs - roundingMs);
    expect(end(span)).toBeLessThan(end(parent) + roundingMs);
  }
});

test("what the server is given of the trace is the same in headers and message", async () => {
  const { trace, came } = await called(stands.off, "legacy", "/adapters/weather/mcp", "look", ({ traceparent }) => ({
    traceparent,
    tracestate: "vendor=1",
    progressToken: 7,
  }));
  await wholeTree(stands.off, trace, 5);
  const client = stands.off.spansOf(trace).find(({ kind }) => kind === 3);
  const traceparent = `00-${trace.traceId}-${client?.spanId}-01`;
  expect(came.meta).toEqual({ traceparent, tracestate: "vendor=1", progressToken: 7 });
  expect(came.carrier).toMatchObject({ traceparent, tracestate: "vendor=1" });
});

function isOf({ resource }: ReceivedSpan, service: string): boolean {
  return resource["service.name"] === service;
}
