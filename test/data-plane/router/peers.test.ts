import { afterEach, beforeEach, expect, test } from "bun:test";
import { type ReferenceServer, startReferenceServer } from "../../conformance/reference.ts";
import { startImage } from "./image.ts";
import {
  alice,
  legacyOnly,
  modernAnswers,
  peerStand,
  principal,
  result,
  type Stand,
  scripted,
  structuredIn,
  textIn,
} from "./stand.ts";
import { type V1Server, v1Server } from "./v1-server.ts";
import { until } from "../../support/until.ts";

let stack: AsyncDisposableStack;
let stand: Stand;
beforeEach(() => {
  stack = new AsyncDisposableStack();
  stand = stack.use(peerStand());
});
afterEach(() => stack.disposeAsync());

async function reference(): Promise<ReferenceServer> {
  return stack.use(await startReferenceServer());
}

function v1(options?: Parameters<typeof v1Server>[0]): V1Server {
  return stack.use(v1Server(options));
}

const signal = new AbortController().signal;

test("a session with a v1 server over two replicas stays where it is, and its principal's next call is in it", async () => {
  const servers = [v1(), v1()];
  stand.setReplicas(...servers.map(({ url }) => url));
  for (const count of ["1", "2", "3", "4", "5", "6"]) expect(textIn(await stand.call("count"))).toBe(count);
  expect(servers.map(({ sessions }) => sessions.size).sort()).toEqual([0, 1]);
});

test("principals, and other roles of one, have sessions of their own; the order and case of roles make no difference", async () => {
  const server = v1();
  stand.setReplicas(server.url);
  const count = async (...of: Parameters<typeof principal>) =>
    textIn(await stand.call("count", {}, { caller: { principal: principal(...of) } }));
  expect(await count("alice", "mcp.dev", "ops")).toBe("1");
  expect(await count("alice", "OPS", "mcp.dev")).toBe("2");
  expect(await count("alice", "mcp.dev")).toBe("1");
  expect(await count("bob", "mcp.dev", "ops")).toBe("1");
  expect(server.sessions.size).toBe(3);
});

test("requests at the same time open one session", async () => {
  const server = v1();
  stand.setReplicas(server.url);
  const counts = await Promise.all(Array.from({ length: 20 }, () => stand.call("count")));
  expect(server.sessions.size).toBe(1);
  expect(counts.map((answer) => Number(textIn(answer))).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test("a v1 server without sessions is asked all the same", async () => {
  stand.setReplicas(v1({ stateless: true }).url, v1({ stateless: true }).url);
  for (const _ of [1, 2, 3]) expect(textIn(await stand.call("count"))).toBe("1");
  expect(await stand.peers.identify(stand.adapter, alice, signal)).toMatchObject({
    state: "known",
    identity: { era: "legacy", capabilities: { tools: { listChanged: true }, logging: {} } },
  });
});

test("the second principal does not ask a legacy server for its era again", async () => {
  stand.setReplicas(v1().url);
  await stand.call("count");
  await stand.call("count", {}, { caller: { principal: principal("bob") } });
  const opening = stand.passed.filter((method) => method === "server/discover" || method === "initialize");
  expect(opening).toEqual(["server/discover", "initialize", "initialize"]);
});

test("a modern server is asked as 2026-07-28, without a session", async () => {
  stand.setReplicas((await reference()).url);
  const identified = await stand.peers.identify(stand.adapter, alice, signal);
  expect(identified).toMatchObject({ state: "known", identity: { era: "modern", capabilities: { completions: {} } } });
  expect(structuredIn(await stand.call("replica"))).toMatchObject({
    era: "modern",
    sessionId: null,
    callsInReplica: 1,
  });
  expect(structuredIn(await stand.call("replica"))).toMatchObject({ callsInReplica: 2 });
  expect(stand.passed.filter((method) => method !== "subscriptions/listen")).toEqual([
    "server/discover",
    "tools/call",
    "tools/call",
  ]);
});

test("the server learns who calls, by which way, and the trace; headers of the request cannot say otherwise", async () => {
  stand.setReplicas((await reference()).url);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const caller = { trace: { traceparent, tracestate: "a=b" }, requestId: "r-77", address: "192.0.2.7" };
  const headers = { "Mcp-Param-Region": "eu", "mcp-name": "whoami", authorization: "Bearer x" };
  const { headers: seen } = structuredIn(await stand.call("echo_headers", {}, { caller, headers }));
  expect(seen).toMatchObject({
    "x-mcp-userid": "alice",
    "x-mcp-roles": "mcp.dev",
    forwarded: 'for=192.0.2.7;proto=http;host="127.0.0.1:8000"',
    "x-request-id": "r-77",
    traceparent,
    tracestate: "a=b",
    "mcp-method": "tools/call",
    "mcp-name": "echo_headers",
    "mcp-protocol-version": "2026-07-28",
    "mcp-param-region": "eu",
  });
  expect(seen).not.toHaveProperty("authorization");
});

test("names go into Mcp-Name as the revision codes them", async () => {
  const server = stack.use(scripted(modernAnswers((message) => result(message, { contents: [] }))));
  stand.setReplicas(server.url);
  await stand.ask("tools/call", { name: "wetter in köln" });
  await stand.ask("tools/call", { name: "=?base64?eA==?=" });
  await stand.ask("prompts/get", { name: " greet" });
  await stand.ask("resources/read", { uri: "file:///a b" });
  await stand.ask("tools/list", { name: "x" });
  const names = server.requests.slice(1).map(({ headers }) => headers.get("mcp-name"));
  expect(names).toEqual([
    "=?base64?d2V0dGVyIGluIGvDtmxu?=",
    "=?base64?PT9iYXNlNjQ/ZUE9PT89?=",
    "=?base64?IGdyZWV0?=",
    "file:///a b",
    null,
  ]);
});

test("the bundled sample server is called, and learns who calls", async () => {
  stand.setReplicas((await startImage("mcp-example", stack)).url);
  expect(structuredIn(await stand.call("add", { a: 2, b: 3 }))).toEqual({ sum: 5 });
  expect(structuredIn(await stand.call("whoami"))).toMatchObject({ userId: "alice" });
});

test("a session's server that asks the user is told in words that it cannot, and its tool goes on", async () => {
  stand.setReplicas(v1().url);
  expect(textIn(await stand.call("ask_user"))).toContain(
    "The tool router cannot carry elicitation/create to its client: this server has to do without",
  );
  expect(textIn(await stand.call("ping_client"))).toBe("{}");
});

test("a modern server sees what the client can do, asks for input in its result, and its retry completes", async () => {
  stand.setReplicas((await reference()).url);
  const params = { name: "test_input_required_result_request_state", arguments: {} };
  const caller = { capabilities: { elicitation: {} } };
  const first = await stand.ask("tools/call", params, { caller });
  expect(first).toMatchObject({
    state: "result",
    result: { resultType: "input_required", inputRequests: { confirm: { method: "elicitation/create" } } },
  });
  const { requestState } = (first as unknown as { result: { requestState: string } }).result;
  const inputResponses = { confirm: { action: "accept", content: { ok: true } } };
  const second = await stand.ask("tools/call", { ...params, requestState, inputResponses }, { caller });
  expect(textIn(second)).toBe("state-ok");
  const capable = await stand.call("test_input_required_result_capabilities", {}, { caller: { capabilities: {} } });
  expect(textIn(capable)).toBe("This client can do nothing for a server.");
});

test("an error of the server is passed as it is, in both eras", async () => {
  const server = await reference();
  stand.setReplicas(server.url);
  expect(await stand.ask("prompts/get", { name: "no such prompt" })).toMatchObject({
    state: "error",
    error: { code: -32602 },
  });
  expect(await stand.ask("no/such/method")).toMatchObject({ state: "error", error: { code: -32601 } });
  stand.update();
  stand.setReplicas(stack.use(scripted(legacyOnly(server.url))).url);
  expect(await stand.ask("no/such/method")).toMatchObject({ state: "error", error: { code: -32601 } });
});

test("a client that goes cancels its request at the server, in both eras", async () => {
  const server = await reference();
  const cancelled = async (count: number) => {
    const leaving = new AbortController();
    const call = stand.call("stay_silent", { ms: 60_000 }, { signal: leaving.signal });
    await until("the tool runs", async () => structuredIn(await stand.call("replica")).callsSilent === 1);
    leaving.abort();
    expect(await call).toEqual({ state: "unavailable", reason: "The request was cancelled" });
    await until("the tool has stopped", async () => structuredIn(await stand.call("replica")).callsCancelled === count);
  };
  stand.setReplicas(server.url);
  await cancelled(1);
  stand.update();
  stand.setReplicas(stack.use(scripted(legacyOnly(server.url))).url);
  await cancelled(2);
  expect(stand.passed).toContain("notifications/cancelled");
});

test("an answer that goes on on another stream is followed there", async () => {
  stand.setReplicas(stack.use(scripted(legacyOnly((await reference()).url))).url);
  expect(textIn(await stand.call("test_reconnection"))).toBe("Answered after the stream was closed.");
});

test("whoever may not use the adapter hears that, and the server hears nothing", async () => {
  const server = v1();
  stand.setReplicas(server.url);
  const caller = { principal: principal("eve", "mcp.other") };
  const reason = "The MCP server may not be used by this caller: Forbidden";
  expect(await stand.call("count", {}, { caller })).toEqual({ state: "unavailable", reason });
  expect(await stand.peers.identify(stand.adapter, { ...alice, ...caller }, signal)).toEqual({
    state: "unavailable",
    reason,
  });
  expect(server.sessions.size).toBe(0);
});

test("the data plane's tool policy and its limits hold for the router's requests", async () => {
  await using limited = peerStand({}, { requestsPerMinute: 3 });
  limited.setReplicas(v1().url);
  limited.update({ allowedTools: { "*": ["count"] } });
  expect(await limited.call("log")).toMatchObject({ state: "error", error: { message: "Unknown tool: log" } });
  expect(textIn(await limited.call("count"))).toBe("1");
  const tools = await limited.ask("tools/list");
  expect(tools).toMatchObject({ state: "result", result: { tools: [{ name: "count" }] } });
  expect(await limited.call("count")).toEqual({
    state: "unavailable",
    reason: expect.stringMatching(
      /^The MCP server takes no more requests for now: Too many calls to adapter "x": 3 per minute are allowed\. Try again in \d+ s\.$/,
    ),
  });
});
