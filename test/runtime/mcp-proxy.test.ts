import { expect, test } from "bun:test";
import { join } from "node:path";
import { eventually, isAlive, openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";
import { exchange, initialize, rawSession } from "./raw-session.ts";

const stdioProgram = join(import.meta.dir, "programs/stdio.ts");

/** mcp-proxy in a real replica, with a stdio server that does what it is told. */
async function openProxy(environment: Record<string, string> = {}) {
  const bench = await openBench({ limits: { graceMs: 10_000 } });
  const declared = { MCP_COMMAND: process.execPath, MCP_ARGS: `"${stdioProgram}"`, ...environment };
  await bench.runtime.apply(workload({ imageName: "mcp-proxy", environment: declared }));
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  return { ...bench, origin: endpoint?.origin ?? "", [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

test("messages go both ways as they are, whatever they say", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  expect(session.initialized.messages).toEqual([
    {
      jsonrpc: "2.0",
      id: 1,
      result: {
        protocolVersion: "2025-11-25",
        capabilities: { "x-own": { kept: [1, null] } },
        serverInfo: { name: "stdio", version: "1" },
      },
    },
  ]);
  await session.post({ method: "notifications/own", params: { a: [1, { b: null }], _meta: { own: true } } });
  const { result } = await session.call("log");
  expect(result?.received).toContainEqual({
    jsonrpc: "2.0",
    method: "notifications/own",
    params: { a: [1, { b: null }], _meta: { own: true } },
  });
});

test("every session has a process of its own", async () => {
  await using proxy = await openProxy();
  const [one, other] = await Promise.all([rawSession(proxy.origin), rawSession(proxy.origin)]);
  const pids = [(await one.call("pid")).result?.pid, (await other.call("pid")).result?.pid];
  expect(pids[0]).not.toBe(pids[1]);
  expect((await one.call("pid")).result?.pid).toBe(pids[0]);
});

test("a request of the server comes on the stream of the request that waits, and its answer reaches the server", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const standalone = await session.get();
  const question = { jsonrpc: "2.0", id: "q1", method: "elicitation/create", params: { message: "?" } };
  const stream = await session.post({ id: 7, method: "do", params: { messages: [question], silent: true } });
  await eventually(
    () => stream.messages,
    (messages) => messages.length === 1,
  );
  expect(stream.messages).toEqual([question]);
  expect((await session.post({ id: "q1", result: { action: "accept" } })).status).toBe(202);
  const { result } = await session.call("log");
  expect(result?.received).toContainEqual({ jsonrpc: "2.0", id: "q1", result: { action: "accept" } });
  expect(standalone.messages).toEqual([]);
  stream.abort();
  standalone.abort();
});

test("progress comes on the stream of the request with its token, not on that of the latest", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const older = await session.post({
    id: 1,
    method: "do",
    params: { messages: [], silent: true, _meta: { progressToken: "t1" } },
  });
  const newer = await session.post({
    id: 2,
    method: "do",
    params: { messages: [], silent: true, _meta: { progressToken: 0 } },
  });
  const progress = (progressToken: string | number) => ({
    jsonrpc: "2.0",
    method: "notifications/progress",
    params: { progressToken, progress: 1 },
  });
  const standalone = await session.get();
  await session.call("do", { messages: [progress("t1"), progress(0), progress("unknown")] });

  await eventually(
    () => standalone.messages,
    (messages) => messages.length === 1,
  );
  expect(older.messages).toEqual([progress("t1")]);
  expect(newer.messages).toEqual([progress(0)]);
  expect(standalone.messages).toEqual([progress("unknown")]);
  for (const stream of [older, newer, standalone]) stream.abort();
});

test("what belongs to no request comes on the session's own stream", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const standalone = await session.get();
  const changed = ["tools/list_changed", "prompts/list_changed", "resources/list_changed", "resources/updated"].map(
    (name) => ({ jsonrpc: "2.0", method: `notifications/${name}`, params: { uri: "a:b" } }),
  );
  const log = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } };
  const stream = await session.post({ id: 1, method: "do", params: { messages: [...changed, log] } });
  await stream.over;
  await eventually(
    () => standalone.messages,
    (messages) => messages.length === 4,
  );
  expect(standalone.messages).toEqual(changed);
  expect(stream.messages).toEqual([log, { jsonrpc: "2.0", id: 1, result: { done: true } }]);
  standalone.abort();
});

test("what a server says before the client listens is heard when it does, once", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const changed = (at: number) => ({ jsonrpc: "2.0", method: "notifications/tools/list_changed", params: { at } });
  await session.call("do", { messages: Array.from({ length: 103 }, (_, at) => changed(at)) });
  const standalone = await session.get();
  await session.call("do", { messages: [changed(103)] });
  await eventually(
    () => standalone.messages.length,
    (count) => count >= 101,
  );
  expect(standalone.messages).toEqual(Array.from({ length: 101 }, (_, at) => changed(at + 3)));
  standalone.abort();
});

test("a lost stream goes on where it was, with what came meanwhile", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const note = (data: string) => ({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data } });
  const lost = await session.post({ id: 1, method: "do", params: { messages: [note("a")], silent: true } });
  await eventually(
    () => lost.messages,
    (messages) => messages.length === 1,
  );
  lost.abort();
  await session.call("do", { messages: [{ jsonrpc: "2.0", id: 1, result: { late: true } }] });

  const resumed = await session.get(lost.eventIds.at(-1));
  await resumed.over;
  expect(resumed.messages).toEqual([{ jsonrpc: "2.0", id: 1, result: { late: true } }]);
  const again = await session.get(lost.eventIds[0]);
  await again.over;
  expect(again.messages).toEqual([note("a"), { jsonrpc: "2.0", id: 1, result: { late: true } }]);
  expect((await session.get("nonsense")).status).toBe(400);
});

test("the session's own stream resumes too, and stays open", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const changed = (at: number) => ({ jsonrpc: "2.0", method: "notifications/tools/list_changed", params: { at } });
  const first = await session.get();
  await session.call("do", { messages: [changed(1)] });
  await eventually(
    () => first.messages,
    (messages) => messages.length === 1,
  );
  expect((await session.get()).status).toBe(409);
  first.abort();
  await session.call("do", { messages: [changed(2)] });
  const second = await eventually(
    () => session.get(first.eventIds[0]),
    ({ status }) => status === 200,
  );
  await session.call("do", { messages: [changed(3)] });
  await eventually(
    () => second.messages,
    (messages) => messages.length === 2,
  );
  expect(second.messages).toEqual([changed(2), changed(3)]);
  second.abort();
});

test("DELETE ends the session and its process, and only it", async () => {
  await using proxy = await openProxy();
  const other = await rawSession(proxy.origin);
  const session = await rawSession(proxy.origin);
  const pid = Number((await session.call("pid")).result?.pid);
  expect(isAlive(pid)).toBe(true);
  const standalone = await session.get();
  expect((await session.end()).status).toBe(200);
  await standalone.over;
  const after = await session.post({ id: 1, method: "pid" });
  await after.over;
  expect([after.status, after.messages[0]?.error]).toEqual([404, { code: -32001, message: "Session not found" }]);
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
  expect((await other.call("pid")).result?.pid).toBeGreaterThan(0);
});

test("a process that ends takes its session with it, who waits hears of it, and another may begin", async () => {
  await using proxy = await openProxy({ MCP_PROXY_MAX_SESSIONS: "2" });
  const session = await rawSession(proxy.origin);
  const other = await rawSession(proxy.origin);
  const waiting = await session.post({ id: "w", method: "do", params: { messages: [], silent: true } });
  await (
    await session.post({ id: "x", method: "exit", params: { code: 9 } })
  ).over;
  await waiting.over;
  expect(waiting.messages).toEqual([
    { jsonrpc: "2.0", id: "w", error: { code: -32000, message: "The MCP server exited with code 9" } },
  ]);
  expect((await session.post({ id: 1, method: "pid" })).status).toBe(404);
  expect((await other.call("pid")).result?.pid).toBeGreaterThan(0);
  const third = await rawSession(proxy.origin);
  expect((await third.call("pid")).result?.pid).toBeGreaterThan(0);
});

test("what a server had started ends with its session, even if it made itself independent", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const pid = Number((await session.call("spawn")).result?.pid);
  expect(isAlive(pid)).toBe(true);
  await session.end();
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
});

test("a cancelled request's stream ends, and a late answer is dropped", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const stream = await session.post({ id: 5, method: "do", params: { messages: [], silent: true } });
  await session.post({ method: "notifications/cancelled", params: { requestId: 5 } });
  await stream.over;
  expect(stream.messages).toEqual([{ jsonrpc: "2.0", id: 5, error: { code: -32000, message: "Request cancelled" } }]);
  expect((await session.call("do", { messages: [{ jsonrpc: "2.0", id: 5, result: {} }] })).result).toEqual({
    done: true,
  });
});

test("a session that nobody uses ends, one with an open stream stays", async () => {
  await using proxy = await openProxy({ MCP_PROXY_IDLE_SECONDS: "0.2" });
  const idle = await rawSession(proxy.origin);
  const used = await rawSession(proxy.origin);
  const waiting = await rawSession(proxy.origin);
  const standalone = await used.get();
  await used.call("pid");
  const asked = await waiting.post({ id: 1, method: "do", params: { messages: [], silent: true } });
  asked.abort();
  const pid = Number((await idle.call("pid")).result?.pid);
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
  expect((await idle.post({ id: 1, method: "pid" })).status).toBe(404);
  const witness = await rawSession(proxy.origin);
  const witnessPid = Number((await witness.call("pid")).result?.pid);
  await eventually(
    () => isAlive(witnessPid),
    (alive) => !alive,
  );
  expect((await used.call("pid")).result?.pid).toBeGreaterThan(0);
  expect((await waiting.call("pid")).result?.pid).toBeGreaterThan(0);
  standalone.abort();
});

test("there are so many sessions and no more, and one that ends makes room", async () => {
  await using proxy = await openProxy({ MCP_PROXY_MAX_SESSIONS: "2" });
  const begin = () =>
    exchange(`${proxy.origin}/mcp`, {
      method: "POST",
      headers: { accept: "application/json, text/event-stream", "content-type": "application/json" },
      body: initialize(),
    });
  const atOnce = await Promise.all([begin(), begin(), begin(), begin()]);
  expect(atOnce.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503]);
  const refused = await begin();
  await refused.over;
  expect(refused.status).toBe(503);
  expect(refused.response.headers.get("retry-after")).toBe("30");
  expect(refused.messages).toEqual([
    { jsonrpc: "2.0", id: null, error: { code: -32000, message: "All 2 sessions of this replica are in use" } },
  ]);
  const id = atOnce.find(({ status }) => status === 200)?.response.headers.get("mcp-session-id") ?? "";
  await fetch(`${proxy.origin}/mcp`, { method: "DELETE", headers: { "mcp-session-id": id } });
  expect((await begin()).status).toBe(200);
});

test("a body or a message that is too large is refused, not kept", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  const large = await session.post({ id: 1, method: "log", params: { text: "x".repeat(17 * 1024 * 1024) } });
  expect(large.status).toBe(413);
  expect((await session.call("long", { length: 1_000_000 })).result?.text).toHaveLength(1_000_000);
  const { error } = await session.call("long", { length: 17 * 1024 * 1024 });
  expect(error?.message).toBe("The MCP server sent a message of more than 16777216 characters");
  expect((await session.post({ id: 1, method: "pid" })).status).toBe(404);
});

test("the stdio server sees the adapter's variables and none of the proxy's own", async () => {
  await using proxy = await openProxy({ API_KEY: "mine" });
  const session = await rawSession(proxy.origin);
  const environment = (await session.call("env")).result ?? {};
  expect(environment.API_KEY).toBe("mine");
  expect(environment.PATH).toBe(process.env.PATH);
  expect(environment.MCP_GATEWAY_OWNER).toMatch(/^[0-9a-f-]{36}$/);
  const absent = ["MCP_COMMAND", "MCP_ARGS", "HOST", "PORT", "BUN_CONFIG_MAX_HTTP_REQUESTS"];
  expect(absent.filter((name) => name in environment)).toEqual([]);
});

test("what the server says on stderr, and what is no message, is in the log under its session", async () => {
  await using proxy = await openProxy();
  const session = await rawSession(proxy.origin);
  await session.call("noise");
  const prefix = `[${session.id.slice(0, 8)}] `;
  const signal = new AbortController().signal;
  const text = await eventually(
    async () => {
      const logs = await proxy.runtime.logs("weather", {
        instance: 0,
        tailLines: 100,
        follow: false,
        previous: false,
        signal,
      });
      return logs.state === "open" ? await new Response(logs.lines).text() : "";
    },
    (text) => text.includes("not a message"),
  );
  expect(text.split("\n")).toContain(`${prefix}hello from the server`);
  expect(text.split("\n")).toContain(`${prefix}not a message: this is not JSON`);
});

test("a request without a session is a 400, so that a client that asks for another revision falls back", async () => {
  await using proxy = await openProxy();
  const ask = (body: string, more: Record<string, string> = {}) =>
    exchange(`${proxy.origin}/mcp`, {
      method: "POST",
      headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...more },
      body,
    });
  const discover = await ask(
    JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "server/discover",
      params: { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } },
    }),
    { "mcp-protocol-version": "2026-07-28", "mcp-method": "server/discover" },
  );
  expect(discover.status).toBe(400);
  expect((await ask(initialize(), { "mcp-session-id": "unknown" })).status).toBe(404);
  expect((await ask("{")).status).toBe(400);
  expect((await fetch(`${proxy.origin}/other`)).status).toBe(404);
  expect((await fetch(`${proxy.origin}/mcp`, { headers: { host: "evil.example" } })).status).toBe(403);
});

test("a command that does not exist is the replica's reason", async () => {
  await using bench = await openBench();
  await bench.runtime.apply(workload({ imageName: "mcp-proxy", environment: { MCP_COMMAND: "no-such-server" } }));
  const status = await eventually(
    () => bench.runtime.status(workload()),
    (status) => status?.replicas[0]?.state === "waiting",
  );
  expect(status?.replicas[0]?.reason).toBe('exited with code 1: MCP_COMMAND: there is no program "no-such-server"');
});

test("a proxy that is told to end takes all its servers with it, even those that want to stay", async () => {
  const proxy = await openProxy({ IGNORE_END: "1" });
  const sessions = await Promise.all([rawSession(proxy.origin), rawSession(proxy.origin)]);
  const pids = await Promise.all(sessions.map(async (session) => Number((await session.call("pid")).result?.pid)));
  expect(pids.map(isAlive)).toEqual([true, true]);
  await proxy[Symbol.asyncDispose]();
  expect(pids.map(isAlive)).toEqual([false, false]);
});
