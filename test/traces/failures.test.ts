import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { samplesIn } from "../observe/figures.ts";
import { until } from "../support/until.ts";
import { callOf, type Era, headersFor, newTrace, openStand, post, type Stand, type Trace } from "./stand.ts";

// Each waits for spans of several processes, beside other tests.
setDefaultTimeout(20_000);

let stand: Stand;
let guarded: Stand;

beforeAll(async () => {
  [stand, guarded] = await Promise.all([openStand({ HOLD_SECONDS: "10" }), openStand({ GUARD: "on" })]);
  await Promise.all([
    guarded.adapter("pair", { replicaCount: 2 }),
    stand.adapter("weather"),
    stand.adapter("restricted", { allowedTools: { "*": ["look"] } }),
    stand.adapter("ending"),
    stand.adapter("off", { replicaCount: 0 }),
    stand.adapter("deaf"),
    stand.adapter("pair", { replicaCount: 2 }),
    stand.tool("score", { replicaCount: 0 }),
  ]);
}, 60_000);
afterAll(() => Promise.all([stand, guarded].map((each) => each?.[Symbol.asyncDispose]())));

/** Calls a tool in a trace of its own. */
async function called(adapter: string, tool: string, era: Era = "modern", signal?: AbortSignal, at = stand) {
  const url = at.gateway.mcpUrl(adapter);
  const headers = { ...(await headersFor(url, era)), "mcp-name": tool };
  const trace = newTrace();
  const body = callOf(era, tool);
  const response = await post(url, body, { ...headers, traceparent: trace.traceparent }, signal).catch(() => undefined);
  await response?.text().catch(() => {});
  return { trace, status: response?.status };
}

test.each([
  ["restricted", "fail", 200, ["mcp-gateway: server tools/call fail [-32602]", "  mcp-gateway: internal authenticate"]],
  [
    "weather",
    "fail",
    200,
    [
      "mcp-gateway: server tools/call fail [tool_error]",
      "  mcp-gateway: internal authenticate",
      "  mcp-gateway: internal route",
      "  mcp-gateway: client tools/call",
      "    traced: server own fail",
    ],
  ],
  [
    "weather",
    "missing",
    200,
    [
      "mcp-gateway: server tools/call missing [-32602]",
      "  mcp-gateway: internal authenticate",
      "  mcp-gateway: internal route",
      "  mcp-gateway: client tools/call",
    ],
  ],
  [
    "weather",
    "cut",
    200,
    [
      "mcp-gateway: server tools/call cut [broken]",
      "  mcp-gateway: internal authenticate",
      "  mcp-gateway: internal route",
      "  mcp-gateway: client tools/call [broken]",
      "    traced: server own cut",
    ],
  ],
  [
    "ending",
    "exit",
    502,
    [
      "mcp-gateway: server tools/call exit [broken]",
      "  mcp-gateway: internal authenticate",
      "  mcp-gateway: internal route",
      "  mcp-gateway: client tools/call [broken]",
    ],
  ],
  [
    "off",
    "look",
    503,
    [
      "mcp-gateway: server tools/call look [503]",
      "  mcp-gateway: internal authenticate",
      "  mcp-gateway: internal wait for a replica",
    ],
  ],
])("at %s the call of %s is answered with %p, and its trace says why", async (adapter, tool, status, expected) => {
  const answer = await called(adapter, tool);
  expect(answer.status).toBe(status);
  expect(await stand.tree(answer.trace, expected.length)).toEqual(expected);
});

test("a session that ends with its server is gone, and its trace says that the server broke off", async () => {
  await stand.adapter("losing");
  const { trace, status } = await called("losing", "exit", "legacy");
  expect(status).toBe(404);
  const expected = [
    "mcp-gateway: server tools/call exit [broken]",
    "  mcp-gateway: internal authenticate",
    "  mcp-gateway: internal route",
    "  mcp-gateway: client tools/call [broken]",
  ];
  expect(await stand.tree(trace, expected.length)).toEqual(expected);
});

test("a call that its client gives up is no failure, and its trace says that it was given up", async () => {
  const leaving = new AbortController();
  const before = stand.receiver.spans.length;
  const call = called("weather", "hang", "modern", leaving.signal);
  const hangs = () => stand.receiver.spans.slice(before).some(({ name }) => name === "own hang");
  await until("the server has it", hangs);
  leaving.abort();
  const { trace } = await call;
  const expected = [
    "mcp-gateway: server tools/call hang",
    "  mcp-gateway: internal authenticate",
    "  mcp-gateway: internal route",
    "  mcp-gateway: client tools/call [abandoned]",
    "    traced: server own hang",
  ];
  expect(await stand.tree(trace, expected.length)).toEqual(expected);
  const server = stand.spansOf(trace).find(({ kind, parentSpanId }) => kind === 2 && parentSpanId === trace.spanId);
  expect(server?.attributes["http.response.status_code"]).toBe(499);
});

/** Has the replica that this caller is sent to take no more connections, and calls until that is seen. */
async function calledWhenDeaf(adapter: string, at = stand): Promise<Trace> {
  expect((await called(adapter, "deaf", "modern", undefined, at)).status).toBe(200);
  return until("a connection is refused", async () => {
    const { trace } = await called(adapter, "look", "modern", undefined, at);
    await at.tree(trace, 4);
    return at.spansOf(trace).some(({ attributes }) => attributes["error.type"] === "refused") && trace;
  });
}

test("where a replica accepts no connection the next is asked, and both attempts are there", async () => {
  const trace = await calledWhenDeaf("pair");
  const expected = [
    "mcp-gateway: server tools/call look",
    "  mcp-gateway: internal authenticate",
    "  mcp-gateway: internal route",
    "  mcp-gateway: client tools/call [refused]",
    "  mcp-gateway: client tools/call",
    "    traced: server own look",
  ];
  expect(await stand.tree(trace, expected.length)).toEqual(expected);
  const server = stand.spansOf(trace).find(({ kind, parentSpanId }) => kind === 2 && parentSpanId === trace.spanId);
  const answered = server?.attributes["mcp_gateway.replica"];
  expect(["pair-0", "pair-1"]).toContain(String(answered));
});

test("behind guards it is the guard that says so", async () => {
  const trace = await calledWhenDeaf("pair", guarded);
  const expected = [
    "mcp-gateway: server tools/call look",
    "  mcp-gateway: internal authenticate",
    "  mcp-gateway: internal route",
    "  mcp-gateway: client tools/call",
    "    mcp-guard: server tools/call look [refused]",
    "  mcp-gateway: client tools/call",
    "    mcp-guard: server tools/call look",
    "      traced: server own look",
  ];
  expect(await guarded.tree(trace, expected.length)).toEqual(expected);
});

test("where no replica accepts one the call fails, and says so", async () => {
  const trace = await calledWhenDeaf("deaf");
  const expected = [
    "mcp-gateway: server tools/call look [503]",
    "  mcp-gateway: internal authenticate",
    "  mcp-gateway: internal route",
    "  mcp-gateway: client tools/call [refused]",
  ];
  expect(await stand.tree(trace, expected.length)).toEqual(expected);
});

test("how long a call waits for a replica is a part of its trace", async () => {
  const file = join(stand.directory, "ready");
  await stand.adapter("late", { environmentVariables: { WAITS_FOR: file } });
  const before = await admitted();
  const call = called("late", "look");
  await until("it has come in", async () => (await admitted()) > before);
  await writeFile(file, "");
  const { trace, status } = await call;
  expect(status).toBe(200);
  const expected = [
    "mcp-gateway: server tools/call look",
    "  mcp-gateway: internal authenticate",
    "  mcp-gateway: internal route",
    "  mcp-gateway: internal wait for a replica",
    "  mcp-gateway: client tools/call",
    "    traced: server own look",
  ];
  expect(await stand.tree(trace, expected.length)).toEqual(expected);
});

async function admitted(): Promise<number> {
  const text = await (await fetch(`${stand.gateway.url}/metrics`)).text();
  return samplesIn(text)['mcp_gateway_auth_total{reason="ok"}'] ?? 0;
}

test("a tool's program that is not there is told in its trace", async () => {
  const url = new URL("/mcp", stand.gateway.url);
  const headers = { ...(await headersFor(url, "modern")), "mcp-name": "score" };
  const trace = newTrace();
  await (await post(url, callOf("modern", "score"), { ...headers, traceparent: trace.traceparent })).text();
  const expected = [
    "mcp-gateway: server tools/call score [tool_error]",
    "  mcp-gateway: internal authenticate",
    "  mcp-gateway: internal tools/call score [tool_error]",
    "    mcp-gateway: internal wait for a replica",
  ];
  expect(await stand.tree(trace, expected.length)).toEqual(expected);
});

test("what is no message to a server that is there has no span", async () => {
  const url = stand.gateway.mcpUrl("weather");
  const strays: [URL, string, Record<string, string>, number][] = [
    [url, "no JSON", {}, 400],
    [url, callOf("legacy", "look"), { origin: "https://evil.example" }, 403],
    [stand.gateway.mcpUrl("missing"), callOf("legacy", "look"), {}, 404],
  ];
  const traces = await Promise.all(
    strays.map(async ([at, body, headers, status]) => {
      const trace = newTrace();
      expect((await post(at, body, { ...headers, traceparent: trace.traceparent })).status).toBe(status);
      return trace;
    }),
  );
  const { trace } = await called("weather", "look");
  expect(await stand.tree(trace, 5)).toHaveLength(5);
  expect(traces.flatMap((stray) => stand.spansOf(stray))).toEqual([]);
});
