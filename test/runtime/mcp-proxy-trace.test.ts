import { expect, test } from "bun:test";
import { join } from "node:path";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { withTraceContext } from "../../gateway/runtime/images/mcp-proxy/trace-context.ts";
import { exchange, initialize, rawSession } from "./raw-session.ts";
import { openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const further = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01";
const another = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-00f067aa0ba902b7-01";
const all = { traceparent, tracestate: "vendor=1", baggage: "tenant=a%20b" };

/** What `params` becomes of a request that comes with such headers. */
function paramsOf(params: unknown, headers: Record<string, string> = all): unknown {
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", ...(params !== undefined && { params }) };
  const traced = withTraceContext(message as JSONRPCMessage, new Headers(headers));
  return "params" in traced ? traced.params : undefined;
}

test.each([
  ["without parameters", undefined, { _meta: all }],
  ["without _meta", { name: "add" }, { name: "add", _meta: all }],
  ["with _meta that says nothing of it", { _meta: { progressToken: 7 } }, { _meta: { progressToken: 7, ...all } }],
  ["that says a part of it", { _meta: { tracestate: "own=2" } }, { _meta: { ...all, tracestate: "own=2" } }],
  [
    "that says where in the trace it is",
    { _meta: { traceparent: further } },
    { _meta: { ...all, traceparent: further } },
  ],
])("a request %s is told its trace", (_how, params, expected) => {
  expect(paramsOf(params)).toEqual(expected as never);
});

test("of the headers only those that are there are told", () => {
  expect(paramsOf({}, { traceparent })).toEqual({ _meta: { traceparent } });
});

test.each([
  ["that is of another trace", { _meta: { traceparent: another } }],
  ["that says nonsense", { _meta: { traceparent: "nonsense" } }],
  ["whose trace is no text", { _meta: { traceparent: 7 } }],
  ["whose _meta is no object", { _meta: [1] }],
  ["whose _meta is null", { _meta: null }],
  ["whose parameters are a list", [1]],
])("a message %s stays as it is", (_how, params) => {
  expect(paramsOf(params)).toEqual(params as never);
});

test.each([
  ["none", {}],
  ["only a state", { tracestate: "vendor=1", baggage: "a=b" }],
  ["nonsense", { traceparent: "nonsense", tracestate: "vendor=1" }],
  ["a trace of zeros", { traceparent: traceparent.replace(/-\w{32}-/, `-${"0".repeat(32)}-`) }],
  ["a span of zeros", { traceparent: traceparent.replace(/-\w{16}-/, `-${"0".repeat(16)}-`) }],
  ["a version that is none", { traceparent: traceparent.replace(/^00/, "ff") }],
])("where the headers hold %s, nothing is added", (_what, headers) => {
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "add" } } as const;
  expect(withTraceContext(message, new Headers(headers))).toBe(message);
});

test("an answer to the server has no place for it", () => {
  const message = { jsonrpc: "2.0", id: "q1", result: {} } as const;
  expect(withTraceContext(message, new Headers(all))).toBe(message);
});

const accept = { accept: "application/json, text/event-stream", "content-type": "application/json" };

/** A session of such a revision at mcp-proxy, whose stdio server tells what it has been sent. */
async function openProxy(revision: string) {
  const bench = await openBench({ limits: { graceMs: 10_000 } });
  const MCP_ARGS = `"${join(import.meta.dir, "programs/stdio.ts")}"`;
  await bench.runtime.apply(
    workload({ imageName: "mcp-proxy", environment: { MCP_COMMAND: process.execPath, MCP_ARGS } }),
  );
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  const url = `${endpoint?.origin}/mcp`;
  const session = await rawSession(endpoint?.origin ?? "", revision);
  const own = { ...accept, "mcp-session-id": session.id, "mcp-protocol-version": revision };
  return {
    url,
    session,
    send: (body: unknown, headers: Record<string, string> = {}) =>
      exchange(url, { method: "POST", headers: { ...own, ...headers }, body: JSON.stringify(body) }),
    received: async () => (await session.call("log")).result?.received as Record<string, unknown>[],
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

test("a stdio server is told the trace of each request, notification and message of a batch, whatever the revision", async () => {
  for (const revision of ["2025-03-26", "2025-11-25"]) {
    await using proxy = await openProxy(revision);
    const ping = (id: number) => ({ jsonrpc: "2.0", id, method: "pid" });
    const batch = [ping(1), ping(2), { jsonrpc: "2.0", method: "notifications/own", params: { a: 1 } }];
    for (const message of revision === "2025-03-26" ? [batch] : batch) {
      await (
        await proxy.send(message, all)
      ).over;
    }
    const received = await proxy.received();
    expect(received.filter(({ method }) => method === "pid" || method === "notifications/own")).toEqual([
      { jsonrpc: "2.0", id: 1, method: "pid", params: { _meta: all } },
      { jsonrpc: "2.0", id: 2, method: "pid", params: { _meta: all } },
      { jsonrpc: "2.0", method: "notifications/own", params: { a: 1, _meta: all } },
    ]);
  }
});

test("it hears of the trace that its session begins in, too", async () => {
  await using proxy = await openProxy("2025-11-25");
  const begun = await exchange(proxy.url, { method: "POST", headers: { ...accept, ...all }, body: initialize() });
  await begun.over;
  const id = begun.response.headers.get("mcp-session-id") ?? "";
  const log = await proxy.send({ jsonrpc: "2.0", id: 2, method: "log" }, { "mcp-session-id": id });
  await log.over;
  expect(log.messages[0]?.result?.received).toContainEqual(
    expect.objectContaining({ method: "initialize", params: expect.objectContaining({ _meta: all }) }),
  );
});

test("without a trace it is sent what the client sent", async () => {
  await using proxy = await openProxy("2025-11-25");
  await (
    await proxy.send({ jsonrpc: "2.0", id: 1, method: "pid" }, { baggage: "a=b" })
  ).over;
  expect(await proxy.received()).toContainEqual({ jsonrpc: "2.0", id: 1, method: "pid" });
});
