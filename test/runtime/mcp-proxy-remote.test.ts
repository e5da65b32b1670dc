import { expect, test } from "bun:test";
import { headersUp } from "../../gateway/runtime/images/mcp-proxy/remote.ts";
import { exchange } from "./raw-session.ts";
import { eventually, openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

type Seen = { method: string; url: string; headers: Headers; body: string; signal: AbortSignal };

/** A remote server that does what `answer` says, and mcp-proxy in a real replica in front of it. */
async function openRemote(answer: (request: Seen) => Response | Promise<Response>, headers?: string) {
  const seen: Seen[] = [];
  const remote = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const body = await request.text();
      const { method, url, signal } = request;
      seen.push({ method, url, headers: request.headers, body, signal });
      return await answer(seen.at(-1) as Seen);
    },
  });
  const bench = await openBench();
  const environment = {
    MCP_PROXY_URL: `${remote.url}their/mcp?tenant=1`,
    ...(headers !== undefined && { MCP_PROXY_HEADERS: headers }),
  };
  await bench.runtime.apply(workload({ imageName: "mcp-proxy", environment }));
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  return {
    url: `${endpoint?.origin}/mcp`,
    seen,
    remote,
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await remote.stop(true);
    },
  };
}

test("POST, GET and DELETE reach the remote server with session, body and added headers, and its answers come back", async () => {
  await using proxy = await openRemote(
    ({ method }) =>
      new Response(method === "DELETE" ? null : `{"answer":"${method}"}`, {
        status: method === "POST" ? 201 : method === "GET" ? 409 : 204,
        headers: { "mcp-session-id": "theirs", "content-type": "application/json", "x-own": "1", "set-cookie": "a=b" },
      }),
    '{"X-Api-Key":"key"}',
  );
  const headers = {
    "mcp-session-id": "theirs",
    "last-event-id": "17",
    "mcp-protocol-version": "2026-07-28",
    "mcp-param-x": "1",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    tracestate: "vendor=1",
    baggage: "a=b",
    authorization: "Bearer gateway",
    cookie: "a=b",
    "x-mcp-userid": "ada",
    "x-mcp-roles": "admin",
    origin: "http://localhost",
  };
  const post = await fetch(proxy.url, { method: "POST", headers, body: '{"é":1}' });
  expect([post.status, await post.text(), post.headers.get("mcp-session-id")]).toEqual([
    201,
    '{"answer":"POST"}',
    "theirs",
  ]);
  expect([post.headers.get("x-own"), post.headers.get("set-cookie")]).toEqual(["1", null]);
  const get = await fetch(proxy.url, { headers });
  expect([get.status, await get.text()]).toEqual([409, '{"answer":"GET"}']);
  expect((await fetch(proxy.url, { method: "DELETE", headers })).status).toBe(204);
  expect((await fetch(proxy.url, { method: "PUT", headers })).status).toBe(405);

  expect(proxy.seen.map(({ method }) => method)).toEqual(["POST", "GET", "DELETE"]);
  const [first] = proxy.seen;
  expect(first?.url).toBe(`${proxy.remote.url}their/mcp?tenant=1`);
  expect(first?.body).toBe('{"é":1}');
  expect(first?.headers.get("host")).toBe(proxy.remote.url.host);
  for (const [name, value] of [
    ["mcp-session-id", "theirs"],
    ["last-event-id", "17"],
    ["mcp-protocol-version", "2026-07-28"],
    ["mcp-param-x", "1"],
    ["traceparent", headers.traceparent],
    ["tracestate", "vendor=1"],
    ["baggage", "a=b"],
    ["x-api-key", "key"],
  ] as const) {
    expect([name, first?.headers.get(name)]).toEqual([name, value]);
  }
  const kept = ["authorization", "cookie", "x-mcp-userid", "x-mcp-roles", "origin"];
  expect(kept.filter((name) => first?.headers.has(name))).toEqual([]);
});

test("headers of one hop stay on it, those that Connection names included", () => {
  const up = headersUp(
    new Headers({
      connection: "close, X-Hop",
      "x-hop": "1",
      te: "trailers",
      "keep-alive": "5",
      host: "a",
      accept: "b",
    }),
    { accept: "c" },
  );
  expect(up.toJSON()).toEqual({ accept: "c", "accept-encoding": "identity" });
});

test("a stream comes event by event, and ends upstream when the client goes away", async () => {
  let push = (_text: string) => {};
  await using proxy = await openRemote(() => {
    const stream = new ReadableStream<string>({
      start(controller) {
        push = (text) => controller.enqueue(text);
        push('data: {"id":1}\n\n');
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  });
  const stream = await exchange(proxy.url, { method: "GET" });
  await eventually(
    () => stream.messages,
    (messages) => messages.length === 1,
  );
  push('data: {"id":2}\n\n');
  await eventually(
    () => stream.messages,
    (messages) => messages.length === 2,
  );
  stream.abort();
  await eventually(
    () => proxy.seen[0]?.signal.aborted,
    (aborted) => aborted === true,
  );
});

test("a request that the client gives up before any answer is given up upstream", async () => {
  await using proxy = await openRemote(() => new Promise<Response>(() => {}));
  const stop = new AbortController();
  const asked = fetch(proxy.url, { method: "POST", body: "{}", signal: stop.signal });
  await eventually(
    () => proxy.seen.length,
    (count) => count === 1,
  );
  stop.abort();
  await expect(asked).rejects.toThrow();
  await eventually(
    () => proxy.seen[0]?.signal.aborted,
    (aborted) => aborted === true,
  );
});

test("a remote server that redirects, or does not answer, is a 502", async () => {
  await using proxy = await openRemote(() => Response.redirect("http://169.254.169.254/", 307));
  const post = () => fetch(proxy.url, { method: "POST", body: "{}" });
  const redirected = await post();
  expect([redirected.status, await redirected.json()]).toEqual([
    502,
    {
      jsonrpc: "2.0",
      id: null,
      error: { code: -32000, message: "The remote MCP server redirects; set MCP_PROXY_URL to where it really is" },
    },
  ]);
  await proxy.remote.stop(true);
  expect((await post()).status).toBe(502);
});

test("more than 256 requests wait for their answers at once", async () => {
  await using proxy = await openRemote(() => new Promise<Response>(() => {}));
  const stop = new AbortController();
  const ask = () => fetch(proxy.url, { signal: stop.signal, keepalive: false }).catch(() => undefined);
  const mine = Array.from({ length: 120 }, ask);
  // This process may have 256 requests itself: the rest come from another.
  const more = Bun.spawn({
    cmd: [process.execPath, "-e", `await Promise.all(Array.from({ length: 200 }, () => fetch("${proxy.url}")));`],
    stdout: "ignore",
    stderr: "ignore",
  });
  await eventually(
    () => proxy.seen.length,
    (count) => count === 320,
    3_000,
  );
  stop.abort();
  more.kill();
  await Promise.all(mine);
});

test("a body that is too large never reaches the remote server", async () => {
  await using proxy = await openRemote(() => new Response());
  expect((await fetch(proxy.url, { method: "POST", body: "x".repeat(17 * 1024 * 1024) })).status).toBe(413);
  expect(proxy.seen).toEqual([]);
});
