import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Call } from "../../../gateway/data-plane/exchange.ts";
import { peers } from "../../../gateway/data-plane/router/peers/peers.ts";
import { startReferenceServer } from "../../conformance/reference.ts";
import { until } from "../../support/until.ts";
import {
  alice,
  legacyAnswers,
  legacyOnly,
  type Message,
  methodsOf,
  modernAnswers,
  peerStand,
  principal,
  result,
  rpcError,
  type Stand,
  scripted,
  structuredIn,
  textIn,
} from "./stand.ts";
import { v1Server } from "./v1-server.ts";

let stack: AsyncDisposableStack;
let stand: Stand;
beforeEach(() => {
  stack = new AsyncDisposableStack();
  stand = stack.use(peerStand({ unreachableMs: 0 }));
});
afterEach(() => stack.disposeAsync());

const calls = (methods: readonly string[]) =>
  methods.filter((method) => method === "initialize" || method === "tools/call");

test("a session that the server has forgotten is opened again, and the request made once more", async () => {
  const server = stack.use(v1Server());
  stand.setReplicas(server.url);
  expect(textIn(await stand.call("count"))).toBe("1");
  server.forget();
  expect(textIn(await stand.call("count"))).toBe("1");
  expect(calls(stand.passed)).toEqual(["initialize", "tools/call", "tools/call", "initialize", "tools/call"]);
});

test("a server that forgets each session at once is asked twice and no more", async () => {
  let sessions = 0;
  const answers = legacyAnswers(() => rpcError(null, -32001, "Session not found", 404), {
    session: () => `s-${++sessions}`,
  });
  const server = stack.use(scripted(answers));
  stand.setReplicas(server.url);
  expect(await stand.call("count")).toEqual({
    state: "unavailable",
    reason: "The MCP server does not know what it was asked: Session not found",
  });
  expect(calls(methodsOf(server))).toEqual(["initialize", "tools/call", "initialize", "tools/call"]);
});

test("requests at the same time on a lost session open one new session", async () => {
  const server = stack.use(v1Server());
  stand.setReplicas(server.url);
  await stand.call("count");
  server.forget();
  const answers = await Promise.all(Array.from({ length: 10 }, () => stand.call("count")));
  expect(new Set(answers.map(textIn)).size).toBe(10);
  expect(stand.passed.filter((method) => method === "initialize")).toHaveLength(2);
});

test("a 400 that answers no request ends a session, too, for the server and after what else is under way", async () => {
  let sessions = 0;
  const slow = Promise.withResolvers<void>();
  const answers = legacyAnswers(
    async (message, request) => {
      if (request.method === "DELETE") return new Response();
      const { name } = message.params as { name: string };
      if (name === "slow") await slow.promise;
      const isStale = name === "stale" && request.headers.get("mcp-session-id") === "s-1";
      return isStale ? rpcError(null, -32000, "Bad Request: no valid session", 400) : result(message, { name });
    },
    { session: () => `s-${++sessions}` },
  );
  const server = stack.use(scripted(answers));
  stand.setReplicas(server.url);
  const underWay = stand.call("slow");
  await until("the slow call is there", () => methodsOf(server).includes("tools/call"));
  expect(await stand.call("stale")).toEqual({ state: "result", result: { name: "stale" } });
  expect(methodsOf(server)).not.toContain("DELETE");
  slow.resolve();
  expect(await underWay).toEqual({ state: "result", result: { name: "slow" } });
  await until("the session ends", () => methodsOf(server).includes("DELETE"));
  expect(server.requests.findLast(({ method }) => method === "DELETE")?.headers.get("mcp-session-id")).toBe("s-1");
});

test("a killed replica's session is opened anew on another", async () => {
  const [first, second] = [stack.use(await startReferenceServer()), stack.use(await startReferenceServer())];
  const legacy = [first, second].map(({ url }) => stack.use(scripted(legacyOnly(url))));
  stand.setReplicas(...legacy.map(({ url }) => url));
  const { pid } = structuredIn(await stand.call("replica"));
  const [victim, survivor, left] = pid === first.pid ? [first, second, legacy[1]] : [second, first, legacy[0]];
  process.kill(victim.pid, "SIGKILL");
  stand.setReplicas(left?.url as string);
  expect(structuredIn(await stand.call("replica"))).toMatchObject({ pid: survivor.pid, callsInSession: 1 });
});

test("a call that a replica took with it when it died is not made again", async () => {
  const gone = {
    jsonrpc: "2.0",
    id: null,
    error: { code: -32001, message: "Session not found", data: { mayHaveRun: true } },
  };
  const asked: string[] = [];
  const answers = legacyAnswers(() => Response.json(gone, { status: 404 }), { session: () => "s" });
  const proxy = async (request: Request, _call: Call) => {
    const message = request.method === "POST" ? ((await request.clone().json()) as Message) : {};
    asked.push(message.method ?? request.method);
    return answers(message, request);
  };
  await using pool = peers({ proxy, now: Date.now, events: { upstreamFailed: () => {} } });
  const call = { method: "tools/call", params: { name: "pay" }, signal: new AbortController().signal };
  expect(await pool.request(stand.adapter, alice, call)).toEqual({
    state: "unavailable",
    reason: "The MCP server has gone before it answered",
  });
  expect(calls(asked)).toEqual(["initialize", "tools/call"]);
});

test("a call whose replica dies while it runs gets no answer, in words, and the next one works", async () => {
  const server = stack.use(await startReferenceServer());
  const other = stack.use(await startReferenceServer());
  stand.setReplicas(server.url);
  const call = stand.call("stay_silent", { ms: 60_000 });
  await until("it runs", async () => structuredIn(await stand.call("replica")).callsSilent === 1);
  process.kill(server.pid, "SIGKILL");
  expect(await call).toEqual({
    state: "unavailable",
    reason: "The MCP server failed (HTTP 502): The MCP server broke off before it answered",
  });
  stand.setReplicas(other.url);
  expect(structuredIn(await stand.call("replica"))).toMatchObject({ pid: other.pid });
});

const eras = {
  "modern to a legacy one with sessions": [modern, withSession],
  "modern to a legacy one without": [modern, withoutSession],
  "legacy with sessions to a modern one": [withSession, modern],
  "legacy without sessions to a modern one": [withoutSession, modern],
} as const;

for (const [change, [before, after]] of Object.entries(eras)) {
  test(`an image that changes from ${change} goes on being served, for every principal`, async () => {
    stand.setReplicas(stack.use(scripted(before())).url);
    const bob = { caller: { principal: principal("bob") } };
    for (const asking of [{}, bob]) expect(await stand.call("t", {}, asking)).toMatchObject({ state: "result" });
    const next = stack.use(scripted(after()));
    stand.setReplicas(next.url);
    for (const asking of [{}, bob]) expect(await stand.call("t", {}, asking)).toMatchObject({ state: "result" });
    const { identity } = (await stand.peers.identify(stand.adapter, alice, new AbortController().signal)) as never;
    expect(identity).toMatchObject({ era: after === modern ? "modern" : "legacy" });
    if (after !== modern) return;
    const asked = methodsOf(next).length;
    await stand.call("t", {}, { caller: { principal: principal("carol") } });
    expect(methodsOf(next).slice(asked)).toEqual(["server/discover", "tools/call"]);
  });
}

function modern() {
  return modernAnswers((message, { headers }) =>
    headers.get("mcp-protocol-version") === "2026-07-28"
      ? result(message, { resultType: "complete" })
      : rpcError(null, -32022, "Unsupported protocol version", 400),
  );
}

function withSession() {
  return legacyAnswers(
    (message, { headers }) =>
      headers.get("mcp-session-id") === "s" ? result(message, {}) : rpcError(null, -32000, "No valid session", 400),
    { session: () => "s" },
  );
}

function withoutSession() {
  return legacyAnswers((message, { headers }) =>
    headers.get("mcp-protocol-version") === "2025-11-25"
      ? result(message, {})
      : rpcError(null, -32000, "Bad version", 400),
  );
}

test("after a change of the record a server without sessions is asked anew what it is", async () => {
  stand.setReplicas(stack.use(scripted(modernAnswers((message) => result(message, {}), { tools: {} }))).url);
  const identity = () => stand.peers.identify(stand.adapter, alice, new AbortController().signal);
  expect(await identity()).toMatchObject({ identity: { capabilities: { tools: {} } } });
  stand.setReplicas(stack.use(scripted(modernAnswers((message) => result(message, {}), { prompts: {} }))).url);
  stand.update();
  expect(await identity()).toMatchObject({ identity: { capabilities: { prompts: {} } } });
});

test("a new image may be modern, too, for principals who were not there before", async () => {
  stand.setReplicas(stack.use(scripted(withoutSession())).url);
  await stand.call("t");
  const [legacy, latest] = [withoutSession(), modern()];
  const both = (message: Message, request: Request) =>
    (message.method === "initialize" ? legacy : latest)(message, request);
  stand.setReplicas(stack.use(scripted(both)).url);
  stand.update();
  const bob = { ...alice, principal: principal("bob") };
  expect(await stand.peers.identify(stand.adapter, bob, new AbortController().signal)).toMatchObject({
    state: "known",
    identity: { era: "modern" },
  });
});

// Until the data plane says so in its 404 (`error.data.mayHaveRun`).
test("a session's call is not made again when its replica dies and goes before it has begun to answer", async () => {
  const dying = stack.use(scripted(legacyAnswers(() => new Promise(() => {}), { session: () => "s-1" })));
  const spare = stack.use(scripted(legacyAnswers((message) => result(message, {}), { session: () => "s-2" })));
  stand.setReplicas(dying.url);
  const call = stand.call("pay");
  await until("it runs", () => methodsOf(dying).includes("tools/call"));
  stand.setReplicas(spare.url);
  await dying[Symbol.asyncDispose]();
  expect(await call).toEqual({ state: "unavailable", reason: "The MCP server has gone before it answered" });
  expect(methodsOf(spare)).toEqual([]);
  expect(await stand.call("pay")).toEqual({ state: "result", result: {} });
});
