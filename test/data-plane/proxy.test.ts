import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import * as api from "../../openapi/client/index.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { endpointAt, type StaticRuntime, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";

type Upstream = { origin: string; requests: Request[]; stop(): Promise<void> };

/** Of the whole file, and of each test. */
const gatewayStack = new AsyncDisposableStack();
let stack: AsyncDisposableStack;
let gateway: TestGateway;
let runtime: StaticRuntime;

beforeAll(async () => {
  const store = gatewayStack.use(await temporaryStore());
  runtime = gatewayStack.use(staticRuntime([]));
  gateway = gatewayStack.use(await startGateway({ HOLD_SECONDS: "0.3" }, { store, runtime }));
});
afterAll(() => gatewayStack.disposeAsync());

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  runtime.set([]);
  await register("x");
});
afterEach(async () => {
  await api.deleteAdapter({ client: gateway.as("dev"), path: { name: "x" } });
  await stack.disposeAsync();
});

async function register(name: string) {
  const body = { name, imageName: "x", imageVersion: "1", requiredRoles: ["mcp.dev"] };
  const { response } = await api.createAdapter({ client: gateway.as("dev"), body });
  expect(response?.status).toBe(201);
}

/** An MCP server reduced to HTTP: what it answers is up to the test. */
function upstream(answer: (request: Request, body: string) => Response | Promise<Response>): Upstream {
  const requests: Request[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      requests.push(request);
      return answer(request, await request.clone().text());
    },
  });
  const stop = () => server.stop(true);
  stack.defer(stop);
  return { origin: `http://127.0.0.1:${server.port}`, requests, stop };
}

const toolCall = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "x", arguments: {} } });
const initialize = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
const post = (body: string | ReadableStream = toolCall, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(gateway.mcpUrl("x"), {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
    signal,
  });
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: number } }).error.code;

/** Answers `initialize` with a session, and everything else with what it was told. */
const sessionful = (session: string, answer = "fine") =>
  upstream((_request, body) =>
    body === initialize ? new Response("{}", { headers: { "mcp-session-id": session } }) : new Response(answer),
  );

async function openSession(headers: Record<string, string> = {}): Promise<string> {
  const response = await post(initialize, headers);
  expect(response.status).toBe(200);
  return response.headers.get("mcp-session-id") as string;
}

test("answers of every status arrive as the server gave them", async () => {
  const server = upstream((request) => {
    const status = Number(new URL(request.url).searchParams.get("status"));
    return new Response(`{"said":"${status}"}`, {
      status,
      headers: { "www-authenticate": "Bearer x", "content-type": "application/json" },
    });
  });
  runtime.set([endpointAt(server.origin, "x-0")]);
  for (const status of [200, 202, 400, 401, 403, 404, 405, 429, 500, 503]) {
    const response = await fetch(`${gateway.mcpUrl("x")}?status=${status}`, { method: "POST", body: toolCall });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(`{"said":"${status}"}`);
    expect(response.headers.get("www-authenticate")).toBe("Bearer x");
  }
});

test("the server is asked at /mcp, for whom it is and by which way, and never sees the caller's token", async () => {
  const server = upstream(() => new Response("{}"));
  runtime.set([endpointAt(server.origin, "x-0")]);
  await post(toolCall, {
    ...devHeaders("alice", "mcp.dev", "mcp.ops"),
    authorization: "Bearer secret",
    "x-mcp-userid": "root",
  });
  const request = server.requests[0] as Request;
  expect(request.method).toBe("POST");
  expect(new URL(request.url).pathname).toBe("/mcp");
  expect(request.headers.get("host")).toBe(new URL(server.origin).host);
  expect(request.headers.get("x-mcp-userid")).toBe("alice");
  expect(request.headers.get("x-mcp-roles")).toBe("mcp.dev,mcp.ops");
  expect(request.headers.get("authorization")).toBeNull();
  expect(request.headers.get("forwarded")).toBe(`for=127.0.0.1;proto=http;host="${new URL(gateway.url).host}"`);
});

test("who may not use the adapter is told so, and who asks for another one finds none", async () => {
  const server = upstream(() => new Response("{}"));
  runtime.set([endpointAt(server.origin, "x-0")]);
  expect((await post(toolCall, devHeaders("eve", "mcp.other"))).status).toBe(403);
  const missing = await fetch(gateway.mcpUrl("missing"), { method: "POST", body: toolCall });
  expect(missing.status).toBe(404);
  expect(await codeOf(missing)).toBe(-32600);
  expect(server.requests).toHaveLength(0);
});

test("methods that MCP does not have get 405 and the ones it has", async () => {
  for (const method of ["PUT", "PATCH"]) {
    const response = await fetch(gateway.mcpUrl("x"), { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST, GET, DELETE");
  }
});

test("a rebound Host or a foreign page is refused before the server hears of it", async () => {
  const server = upstream(() => new Response("{}"));
  runtime.set([endpointAt(server.origin, "x-0")]);
  expect((await post(toolCall, { host: "evil.example" })).status).toBe(403);
  expect((await post(toolCall, { origin: "https://evil.example" })).status).toBe(403);
  expect(server.requests).toHaveLength(0);
});

test("a body that is not JSON goes no further", async () => {
  const server = upstream(() => new Response("{}"));
  runtime.set([endpointAt(server.origin, "x-0")]);
  for (const body of ["", "{", "{} {}", "\u0000"]) {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe(-32700);
  }
  expect(server.requests).toHaveLength(0);
});

test("5 MiB are refused, with and without a Content-Length", async () => {
  const server = upstream(() => new Response("{}"));
  runtime.set([endpointAt(server.origin, "x-0")]);
  const large = `"${"x".repeat(5 * 1024 * 1024)}"`;
  expect((await post(large)).status).toBe(413);
  const chunked = new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode("x".repeat(256 * 1024)));
    },
  });
  const response = await post(chunked);
  expect(response.status).toBe(413);
  expect(await codeOf(response)).toBe(-32600);
  expect(server.requests).toHaveLength(0);
});

test("a body in chunks arrives whole", async () => {
  const server = upstream((_request, body) => new Response(body));
  runtime.set([endpointAt(server.origin, "x-0")]);
  const text = JSON.stringify({ jsonrpc: "2.0", method: "x", params: { text: "žluťoučký 🐎 ".repeat(9000) } });
  const bytes = new TextEncoder().encode(text);
  const chunks = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 7919) controller.enqueue(bytes.subarray(at, at + 7919));
      controller.close();
    },
  });
  expect(await (await post(chunks)).text()).toBe(text);
});

test("a compressed answer stays compressed", async () => {
  const server = upstream(
    () => new Response(Bun.gzipSync(Buffer.from("packed")), { headers: { "content-encoding": "gzip" } }),
  );
  runtime.set([endpointAt(server.origin, "x-0")]);
  const response = await fetch(gateway.mcpUrl("x"), {
    method: "POST",
    body: toolCall,
    decompress: false,
  } as RequestInit);
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(gunzipSync(Buffer.from(await response.arrayBuffer())).toString()).toBe("packed");
});

test("the session id a client sees is sealed, and the server gets its own back", async () => {
  const server = sessionful("upstream/id=1");
  runtime.set([endpointAt(server.origin, "x-0")]);
  const session = await openSession();
  expect(session).toMatch(/^g1\.[\w-]+$/);
  await post(toolCall, { "mcp-session-id": session });
  expect(server.requests[1]?.headers.get("mcp-session-id")).toBe("upstream/id=1");
});

test("a server that echoes the session id gives the client the one it has", async () => {
  const server = upstream(() => new Response("{}", { headers: { "mcp-session-id": "same" } }));
  runtime.set([endpointAt(server.origin, "x-0")]);
  const session = await openSession();
  const echoed = await post(toolCall, { "mcp-session-id": session });
  expect(echoed.headers.get("mcp-session-id")).toBe(session);
});

test("POST, GET with Last-Event-ID and DELETE of a session reach its replica", async () => {
  const servers = [sessionful("s", "zero"), sessionful("s", "one"), sessionful("s", "two")];
  runtime.set(servers.map(({ origin }, i) => endpointAt(origin, `x-${i}`)));
  const isAsked = ({ requests }: (typeof servers)[number]) => requests.length > 0;
  // Sessions are placed by chance.
  for (let i = 0; i < 12 || !servers.every(isAsked); i++) {
    const headers = { "mcp-session-id": await openSession() };
    const answers = [
      await post(toolCall, headers),
      await fetch(gateway.mcpUrl("x"), { headers: { ...headers, "last-event-id": "7" } }),
      await fetch(gateway.mcpUrl("x"), { method: "DELETE", headers }),
    ];
    const said = await Promise.all(answers.map((response) => response.text()));
    expect(new Set(said).size).toBe(1);
  }
  const resumed = servers.flatMap(({ requests }) => requests).find(({ method }) => method === "GET");
  expect(resumed?.headers.get("last-event-id")).toBe("7");
});

test("whatever does not open as a session is one and the same 404, and no server hears of it", async () => {
  const server = sessionful("s");
  runtime.set([endpointAt(server.origin, "x-0")]);
  const session = await openSession();
  await register("y");
  const heard = server.requests.length;
  const at = (adapter: string, id: string, user: string) =>
    fetch(gateway.mcpUrl(adapter), {
      method: "POST",
      body: toolCall,
      headers: { ...devHeaders(user), "mcp-session-id": id },
    });
  const flipped = session.slice(0, 40) + (session[40] === "A" ? "B" : "A") + session.slice(41);
  const refused = [
    await at("x", session, "mallory"),
    await at("y", session, "dev"),
    await at("x", flipped, "dev"),
    await at("x", "abc", "dev"),
    await at("x", "s", "dev"),
    await at("x", `g1.${"A".repeat(3000)}`, "dev"),
    await at("x", "é%0d%0ax: y", "dev"),
  ];
  const bodies = await Promise.all(refused.map((response) => response.text()));
  expect(refused.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404, 404]);
  expect(new Set(bodies)).toEqual(
    new Set(['{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}']),
  );
  expect(server.requests.length).toBe(heard);
});

test("a line break in a session id is no way to another header", async () => {
  const server = upstream(() => new Response("{}"));
  runtime.set([endpointAt(server.origin, "x-0")]);
  const { hostname, port } = new URL(gateway.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST /adapters/x/mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: a\rX-Evil: 1\nX-Evil: 2\r\nContent-Length: ${toolCall.length}\r\n\r\n${toolCall}`,
      );
    });
    socket.once("data", (data) => {
      resolve(data.toString("latin1"));
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve("closed"));
  });
  expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |closed)/);
  expect(server.requests).toHaveLength(0);
});

test("sessions of a recreated adapter are over", async () => {
  const server = sessionful("s");
  runtime.set([endpointAt(server.origin, "x-0")]);
  const session = await openSession();
  const client = gateway.as("dev");
  await api.deleteAdapter({ client, path: { name: "x" } });
  expect((await post(toolCall, { "mcp-session-id": session })).status).toBe(404);
  await register("x");
  expect(await codeOf(await post(toolCall, { "mcp-session-id": session }))).toBe(-32001);
  expect((await post(initialize)).status).toBe(200);
});

test("a role that is taken away closes a live session with the next request", async () => {
  const server = sessionful("s");
  runtime.set([endpointAt(server.origin, "x-0")]);
  const session = await openSession(devHeaders("bob", "mcp.dev"));
  expect((await post(toolCall, { ...devHeaders("bob", "mcp.dev"), "mcp-session-id": session })).status).toBe(200);
  expect((await post(toolCall, { ...devHeaders("bob", "mcp.other"), "mcp-session-id": session })).status).toBe(403);
});

test("requests without a session stay with the principal, and principals spread", async () => {
  const servers = ["zero", "one", "two"].map((name) => upstream(() => new Response(name)));
  runtime.set(servers.map(({ origin }, i) => endpointAt(origin, `x-${i}`)));
  const homes = new Set<string>();
  for (let user = 0; user < 12; user++) {
    const said = await Promise.all(
      Array.from({ length: 5 }, async () => (await post(toolCall, devHeaders(`u${user}`))).text()),
    );
    expect(new Set(said).size).toBe(1);
    homes.add(said[0] as string);
  }
  expect(homes).toEqual(new Set(["zero", "one", "two"]));
});

test("an adapter without affinity spreads one principal's requests", async () => {
  const servers = ["zero", "one", "two"].map((name) => upstream(() => new Response(name)));
  runtime.set(servers.map(({ origin }, i) => endpointAt(origin, `x-${i}`)));
  const client = gateway.as("dev");
  await api.updateAdapter({
    client,
    path: { name: "x" },
    body: { name: "x", imageName: "x", imageVersion: "1", affinity: "none" },
  });
  const said = await Promise.all(Array.from({ length: 40 }, async () => (await post()).text()));
  expect(new Set(said)).toEqual(new Set(["zero", "one", "two"]));
});

test("a modern request has no session, whatever its headers say, and is given none", async () => {
  const server = upstream(() => new Response("{}", { headers: { "mcp-session-id": "stray" } }));
  runtime.set([endpointAt(server.origin, "x-0")]);
  const response = await post(toolCall, {
    "mcp-protocol-version": "2026-07-28",
    "mcp-session-id": "abc",
    "last-event-id": "1",
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("mcp-session-id")).toBeNull();
  expect(server.requests[0]?.headers.get("mcp-session-id")).toBeNull();
  expect(server.requests[0]?.headers.get("last-event-id")).toBeNull();
});

test("without a ready replica a request waits, and gets 503 and when to come back in the end", async () => {
  const response = await post();
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("2");
  expect(await codeOf(response)).toBe(-32603);
});

test("a request that waits goes out as soon as a replica is ready", async () => {
  const server = upstream(() => new Response("at last"));
  const waiting = post();
  runtime.set([endpointAt(server.origin, "x-0", "draining")]);
  runtime.set([endpointAt(server.origin, "x-0")]);
  expect(await (await waiting).text()).toBe("at last");
});

test("a refused connection is tried on the next replica when the request has no session", async () => {
  const server = upstream(() => new Response("fine"));
  const closed = upstream(() => new Response("never"));
  await closed.stop();
  runtime.set([endpointAt(closed.origin, "x-0"), endpointAt(server.origin, "x-1"), endpointAt(closed.origin, "x-2")]);
  for (let user = 0; user < 12; user++)
    expect(await (await post(toolCall, devHeaders(`u${user}`))).text()).toBe("fine");
  runtime.set([endpointAt(closed.origin, "x-0"), endpointAt(closed.origin, "x-2")]);
  expect((await post()).status).toBe(503);
});

test("a request that was sent is not sent again", async () => {
  let asked = 0;
  const breaking = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        asked++;
        socket.terminate();
      },
    },
  });
  stack.defer(() => breaking.stop(true));
  runtime.set(["x-0", "x-1", "x-2"].map((name) => endpointAt(`http://127.0.0.1:${breaking.port}`, name)));
  const response = await post();
  expect(response.status).toBe(502);
  expect(await codeOf(response)).toBe(-32603);
  expect(asked).toBe(1);
});

test("a session whose replica was replaced or is gone gets 404 from the gateway", async () => {
  const server = sessionful("s");
  runtime.set([endpointAt(server.origin, "x-0")]);
  const headers = { "mcp-session-id": await openSession() };
  runtime.set([endpointAt(server.origin, "x-0")]);
  expect(await codeOf(await post(toolCall, headers))).toBe(-32001);
  runtime.set([]);
  expect((await fetch(gateway.mcpUrl("x"), { headers })).status).toBe(404);
});

test("a replica that refuses while it is still listed is a 503, and a 404 once its end is known", async () => {
  const server = sessionful("s");
  const endpoint = endpointAt(server.origin, "x-0");
  runtime.set([endpoint]);
  const headers = { "mcp-session-id": await openSession() };
  await server.stop();
  expect((await post(toolCall, headers)).status).toBe(503);
  const asking = post(toolCall, headers);
  setTimeout(() => runtime.set([]), 50);
  expect((await asking).status).toBe(404);
});

test("a draining replica keeps its sessions and takes no new ones", async () => {
  const [old, young] = [sessionful("s", "old"), sessionful("s", "young")];
  const endpoint = endpointAt(old.origin, "x-0");
  runtime.set([endpoint]);
  const headers = { "mcp-session-id": await openSession() };
  runtime.set([{ ...endpoint, state: "draining" }, endpointAt(young.origin, "x-0")]);
  expect(await (await post(toolCall, headers)).text()).toBe("old");
  expect(await (await post(toolCall, { "mcp-session-id": await openSession() })).text()).toBe("young");
});

test("a redirect to the server itself is followed with the body; any other is a 502 and leads nowhere", async () => {
  const elsewhere = upstream(() => new Response("stolen"));
  const server = upstream((request, body) => {
    const { pathname, searchParams } = new URL(request.url);
    const to = searchParams.get("to");
    if (to) return new Response(null, { status: Number(searchParams.get("status")), headers: { location: to } });
    return new Response(`${request.method} ${pathname} ${body.length}`);
  });
  runtime.set([endpointAt(server.origin, "x-0")]);
  const redirected = (status: number, to: string) =>
    fetch(`${gateway.mcpUrl("x")}?status=${status}&to=${encodeURIComponent(to)}`, { method: "POST", body: toolCall });
  expect(await (await redirected(307, "/mcp/")).text()).toBe(`POST /mcp/ ${toolCall.length}`);
  expect(await (await redirected(308, `${server.origin}/mcp/`)).text()).toBe(`POST /mcp/ ${toolCall.length}`);
  expect((await redirected(307, elsewhere.origin)).status).toBe(502);
  expect((await redirected(302, "/mcp/")).status).toBe(502);
  expect((await redirected(307, "/mcp?status=307&to=/mcp")).status).toBe(502);
  expect(elsewhere.requests).toHaveLength(0);
});

test("events arrive one by one, as they are sent", async () => {
  let send: ((text: string) => void) | undefined;
  const server = upstream(() => {
    const body = new ReadableStream({
      start(controller) {
        send = (text) => controller.enqueue(new TextEncoder().encode(text));
        send("id: 1\ndata:\n\n");
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  runtime.set([endpointAt(server.origin, "x-0")]);
  const abort = new AbortController();
  const response = await fetch(gateway.mcpUrl("x"), { signal: abort.signal });
  let seen = "";
  const reading = (async () => {
    for await (const bytes of response.body as ReadableStream<Uint8Array>) seen += new TextDecoder().decode(bytes);
  })().catch(() => {});
  for (const [sent, expected] of [
    ["", ":\n\nid: 1\ndata:\n\n"],
    [": still here\n\n", ":\n\nid: 1\ndata:\n\n: still here\n\n"],
    ["retry: 500\n\n", ":\n\nid: 1\ndata:\n\n: still here\n\nretry: 500\n\n"],
  ] as const) {
    if (sent) send?.(sent);
    await until("the event is there", () => seen.length >= expected.length);
    expect(seen).toBe(expected);
  }
  abort.abort();
  await reading;
});

test.each([
  ["POST", "before headers"],
  ["POST", "while streaming"],
  ["GET", "before headers"],
  ["GET", "while streaming"],
  ["GET", "while silent"],
])("a client that gives up its %s %s is gone for the server too", async (method, phase) => {
  const ended = Promise.withResolvers<void>();
  const server = upstream((request) => {
    request.signal.addEventListener("abort", () => ended.resolve());
    if (phase === "before headers") return new Promise<Response>(() => {});
    const pull = (events: ReadableStreamDefaultController) => phase === "while silent" || events.enqueue(": more\n\n");
    const start = (events: ReadableStreamDefaultController) => events.enqueue(": open\n\n");
    return new Response(new ReadableStream({ start, pull: (events) => void pull(events) }, { highWaterMark: 0 }), {
      headers: { "content-type": "text/event-stream" },
    });
  });
  runtime.set([endpointAt(server.origin, "x-0")]);
  const abort = new AbortController();
  const body = method === "POST" ? toolCall : undefined;
  const asking = fetch(gateway.mcpUrl("x"), { method, body, signal: abort.signal });
  const read = asking.then((response) => response.text()).catch(() => "given up");
  await until("the server hears of the request", () => server.requests.length > 0);
  if (phase !== "before headers") await asking;
  abort.abort();
  await ended.promise;
  expect(await read).toBe("given up");
});

test.each(["POST", "GET"])(
  "a client that does not read the endless answer to its %s holds the server back",
  async (method) => {
    let sentBytes = 0;
    const chunk = new Uint8Array(64 * 1024).fill(32);
    const pull = (events: ReadableStreamDefaultController) => {
      sentBytes += chunk.length;
      events.enqueue(chunk);
    };
    const server = upstream(
      () => new Response(new ReadableStream({ pull }), { headers: { "content-type": "text/event-stream" } }),
    );
    runtime.set([endpointAt(server.origin, "x-0")]);
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    stack.defer(() => void socket.destroy());
    const body = method === "POST" ? toolCall : "";
    socket.write(
      `${method} /adapters/x/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    let before = 0;
    await until("the server stops sending", async () => {
      await Bun.sleep(200);
      const stopped = sentBytes > 0 && sentBytes === before;
      before = sentBytes;
      return stopped || sentBytes > 200 * 1024 * 1024;
    });
    expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
  },
);

test.each(["POST", "GET"])(
  "a server that dies in the middle of its answer to %s is seen as broken off, not as an end",
  async (method) => {
    const dying = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          socket.write(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n",
          );
          setTimeout(() => socket.terminate(), 50);
        },
      },
    });
    stack.defer(() => dying.stop(true));
    runtime.set([endpointAt(`http://127.0.0.1:${dying.port}`, "x-0")]);
    const response = await fetch(gateway.mcpUrl("x"), { method, body: method === "POST" ? toolCall : undefined });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow("socket connection was closed unexpectedly");
  },
);

test("headers reach the client before there is a body", async () => {
  const silent = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket) =>
        void socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"),
    },
  });
  stack.defer(() => silent.stop(true));
  runtime.set([endpointAt(`http://127.0.0.1:${silent.port}`, "x-0")]);
  const response = await fetch(gateway.mcpUrl("x"));
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  await response.body?.cancel();
});

test("a stopping gateway ends event streams at once and lets a call in flight finish", async () => {
  const finish = Promise.withResolvers<void>();
  const server = upstream(async (request) => {
    if (request.method === "GET")
      return new Response(new ReadableStream({ start: (events) => events.enqueue(": open\n\n") }));
    await finish.promise;
    return new Response("finished");
  });
  const store = stack.use(await temporaryStore());
  const stopping = await startGateway({}, { store, runtime: staticRuntime([endpointAt(server.origin, "z-0")]) });
  await api.createAdapter({ client: stopping.as(), body: { name: "z", imageName: "x", imageVersion: "1" } });
  const stream = await fetch(stopping.mcpUrl("z"));
  const call = fetch(stopping.mcpUrl("z"), { method: "POST", body: toolCall });
  await until("the server hears of both", () => server.requests.length === 2);

  const stopped = stopping[Symbol.asyncDispose]();
  expect(await stream.text()).toContain(": open");
  finish.resolve();
  expect(await (await call).text()).toBe("finished");
  await stopped;
});
