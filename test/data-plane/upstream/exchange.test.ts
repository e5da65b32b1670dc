import { afterEach, beforeEach, expect, test } from "bun:test";
import { exchange } from "../../../gateway/data-plane/upstream/exchange.ts";
import { connectionPool, type Pool, type PoolLimits } from "../../../gateway/data-plane/upstream/pool.ts";
import { until } from "../../support/until.ts";
import { selfSigned } from "./certificate.ts";

const limits: PoolLimits = { connectMs: 300, idleMs: 4000, maxIdle: 8, maxOpen: 2000 };

/** What a server knows of one connection: how many requests came on it, and what else did. */
type Peer = { socket: Bun.Socket<Peer>; requests: number; received: string };
type Server = { url: string; peers: Set<Peer>; accepted: number };

let stack: DisposableStack;
let pool: Pool;
let nowMs: number;
let abort: AbortController;

beforeEach(() => {
  stack = new DisposableStack();
  nowMs = 0;
  abort = new AbortController();
  pool = usePool(limits);
});
afterEach(() => stack.dispose());

function usePool(limits: PoolLimits): Pool {
  const pool = connectionPool(limits, () => nowMs);
  stack.defer(() => pool[Symbol.dispose]());
  return pool;
}

/** A server that answers each request by hand; a request's end is seen by its Content-Length. */
function serverThat(answer: (peer: Peer) => void): Server {
  const server: Server = { url: "", peers: new Set(), accepted: 0 };
  const listener = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { socket, requests: 0, received: "" };
        server.peers.add(socket.data);
        server.accepted++;
      },
      data({ data: peer }, bytes) {
        peer.received += bytes.toString("latin1");
        for (let end = requestEnd(peer.received); end > 0; end = requestEnd(peer.received)) {
          peer.received = peer.received.slice(end);
          peer.requests++;
          answer(peer);
        }
      },
      close: ({ data }) => void server.peers.delete(data),
      error: ({ data }) => void server.peers.delete(data),
    },
  });
  stack.defer(() => listener.stop(true));
  server.url = `http://127.0.0.1:${listener.port}`;
  return server;
}

function requestEnd(received: string): number {
  const head = received.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  const length = Number(/content-length: (\d+)/.exec(received.slice(0, head))?.[1] ?? 0);
  return received.length >= head + 4 + length ? head + 4 + length : -1;
}

const answering = (answer: string) => serverThat(({ socket }) => void socket.write(answer));
const hello = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const eventStream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

const ask = (url: string, method = "POST", body: string | null = method === "POST" ? "{}" : null) =>
  exchange({ method, target: "/mcp", headers: {}, body, client: abort }, url, pool);

async function answered(url: string, method = "POST", body?: string): Promise<Response> {
  const exchanged = await ask(url, method, body);
  if (exchanged.state !== "answered") throw new Error(JSON.stringify(exchanged));
  return exchanged.response;
}

/** The answer as a client of Bun.serve sees it: the status and the body, or how it broke off. */
async function throughServe(url: string, method = "GET", signal?: AbortSignal): Promise<Response> {
  const front = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => {
      const { method } = request;
      const body = method === "POST" ? await request.text() : null;
      const exchanged = await exchange({ method, target: "/mcp", headers: {}, body, client: request }, url, pool);
      return exchanged.state === "answered" ? exchanged.response : new Response(exchanged.state, { status: 599 });
    },
  });
  stack.defer(() => void front.stop(true));
  return fetch(front.url, { method, body: method === "POST" ? "{}" : undefined, signal });
}

test("a connection carries one request after the other", async () => {
  const server = answering(hello);
  for (let i = 0; i < 5; i++) expect(await (await answered(server.url)).text()).toBe("hello");
  expect(server.accepted).toBe(1);
  expect(pool.size).toBe(1);
});

test("500 requests at once are answered, each with its own answer, and few connections are kept", async () => {
  const server = serverThat((peer) => {
    setTimeout(() => void peer.socket.write(hello), 20);
  });
  const answers = await Promise.all(Array.from({ length: 500 }, async () => (await answered(server.url)).text()));
  expect(answers.every((text) => text === "hello")).toBe(true);
  expect(server.accepted).toBe(500);
  await until("all but those kept are closed", () => server.peers.size === 8);
  expect(pool.size).toBe(8);
});

test("after 1,000 requests that were given up, in every phase, no connection remains", async () => {
  const server = serverThat((peer) => {
    if (server.accepted % 3 === 0) peer.socket.write(`${eventStream}5\r\nhello\r\n`);
    if (server.accepted % 3 === 1) peer.socket.write(eventStream);
  });
  for (let round = 0; round < 10; round++) {
    abort = new AbortController();
    const asking = Array.from({ length: 100 }, () => ask(server.url, "GET"));
    if (round > 0) await until("some have answered", () => server.peers.size >= 100);
    abort.abort();
    await Promise.all(asking);
  }
  await until("no connection is left", () => pool.size === 0);
  await until("the server has none either", () => server.peers.size === 0);
});

test("a request given up before it began, while it connects and while it waits is abandoned", async () => {
  const server = serverThat(() => {});
  const waiting = ask(server.url);
  await until("the request is there", () => [...server.peers].some(({ requests }) => requests === 1));
  const connecting = ask(server.url);
  abort.abort();
  expect(await waiting).toEqual({ state: "abandoned" });
  expect(await connecting).toEqual({ state: "abandoned" });
  expect(await ask(server.url)).toEqual({ state: "abandoned" });
  await until("the server is left", () => server.peers.size === 0);
});

test("4 MiB arrive whole at a server that is slow to read", async () => {
  let received = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.pause();
        setTimeout(() => socket.resume(), 100);
      },
      data(socket, bytes) {
        received += bytes.length;
        if (bytes.at(-1) === 0x21) socket.write(hello);
      },
    },
  });
  stack.defer(() => listener.stop(true));
  const body = `${"ř".repeat(2 * 1024 * 1024)}!`;
  expect(await (await answered(`http://127.0.0.1:${listener.port}`, "POST", body)).text()).toBe("hello");
  expect(received).toBeGreaterThan(4 * 1024 * 1024);
});

test.each([
  ["with a length", hello, "hello"],
  ["in chunks", `${eventStream}5\r\nhello\r\n1;x\r\n!\r\n0\r\nT: x\r\n\r\n`, "hello!"],
  ["after interim answers", `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${hello}`, "hello"],
])("an answer %s that comes byte by byte is the same", async (_kind, answer, expected) => {
  const bytes = Buffer.from(answer);
  const send = (peer: Peer, at: number) => {
    peer.socket.write(bytes.subarray(at, at + 1));
    if (at + 1 < bytes.length) setImmediate(send, peer, at + 1);
  };
  const server = serverThat((peer) => send(peer, 0));
  const response = await throughServe(server.url, "POST");
  expect(await response.text()).toBe(expected);
  expect((await throughServe(server.url, "POST")).status).toBe(200);
  expect(server.accepted).toBe(1);
});

test("an answer keeps its status and headers, also repeated ones, but not those of its framing", async () => {
  const server = answering(
    "HTTP/1.1 404 Gone\r\nX-A: 1\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nx-a: caf\xe9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  );
  const { status, headers } = await answered(server.url);
  expect(status).toBe(404);
  expect(headers.get("x-a")).toBe("1, caf\xc3\xa9");
  expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(headers.get("transfer-encoding")).toBeNull();
});

test("a server that accepts no connection has refused", async () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  expect(await ask(`http://127.0.0.1:${listener.port}`)).toEqual({ state: "refused" });
  expect(await ask("http://nowhere.invalid:80")).toEqual({ state: "refused" });
  expect(pool.size).toBe(0);
});

test("a server that does not take the connection in time has refused, and is left", async () => {
  const server = serverThat(() => {});
  expect(await ask(server.url.replace("http:", "https:"))).toEqual({ state: "refused" });
  expect(pool.size).toBe(0);
  await until("the server sees the end", () => server.peers.size === 0);
});

test("a server whose certificate nobody vouches for has refused, and never sees the request", async () => {
  let asked = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: selfSigned,
    fetch: () => {
      asked++;
      return new Response("hello");
    },
  });
  stack.defer(() => void server.stop(true));
  expect(await ask(`https://127.0.0.1:${server.port}`)).toEqual({ state: "refused" });
  expect(await ask(`https://localhost:${server.port}`)).toEqual({ state: "refused" });
  expect(asked).toBe(0);
});

test("there are no more connections than the limit", async () => {
  pool = usePool({ ...limits, maxOpen: 1 });
  const server = serverThat(() => {});
  const first = ask(server.url);
  expect(await ask(server.url)).toEqual({ state: "refused" });
  abort.abort();
  expect(await first).toEqual({ state: "abandoned" });
});

test("a connection whose last reader was slow serves the next request", async () => {
  const server = answering(hello);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const connection = pool.open(server.url, {
    opened: resolve,
    refused: reject,
    received() {},
    lasts() {},
    drained() {},
    closed: reject,
  });
  await promise;
  connection?.pause();
  if (connection) pool.keep(connection, undefined);
  expect(await (await answered(server.url)).text()).toBe("hello");
  expect(server.accepted).toBe(1);
});

test("a connection that the server closes while it is idle is gone at once", async () => {
  const server = answering(hello);
  await answered(server.url);
  for (const { socket } of server.peers) socket.end();
  await until("the pool has noticed", () => pool.size === 0);
  expect(await (await answered(server.url)).text()).toBe("hello");
  expect(server.accepted).toBe(2);
});

test("a connection is not used for longer than servers keep it", async () => {
  const server = answering(hello);
  await answered(server.url);
  nowMs = 3999;
  await answered(server.url);
  expect(server.accepted).toBe(1);
  nowMs += 4000;
  await answered(server.url);
  expect(server.accepted).toBe(2);
});

test("a server that says how long it keeps a connection is asked on another one a second before", async () => {
  const server = answering("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2, max=9\r\nContent-Length: 0\r\n\r\n");
  await answered(server.url);
  nowMs = 999;
  await answered(server.url);
  expect(server.accepted).toBe(1);
  nowMs += 1000;
  await answered(server.url);
  expect(server.accepted).toBe(2);
});

test("idle connections are closed without another request", async () => {
  pool = usePool({ ...limits, idleMs: 20 });
  const server = answering(hello);
  await answered(server.url);
  expect(pool.size).toBe(1);
  nowMs = 100;
  await until("the server sees the end", () => server.peers.size === 0);
  expect(pool.size).toBe(0);
});

test("bytes that nobody asked for, with an answer or after it, are never taken for the next answer", async () => {
  const together = answering(`${hello}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen`);
  expect(await (await answered(together.url)).text()).toBe("hello");
  expect(pool.size).toBe(0);
  expect(await (await answered(together.url)).text()).toBe("hello");
  const later = answering(hello);
  await answered(later.url);
  for (const { socket } of later.peers) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen");
  await until("the connection is closed", () => pool.size === 0);
  expect(await (await answered(later.url)).text()).toBe("hello");
});

test("a POST that dies on a used connection is not sent again; a GET is, once", async () => {
  let asked = 0;
  const server = serverThat((peer) => {
    asked++;
    if (peer.requests === 1) peer.socket.write(hello);
    else peer.socket.terminate();
  });
  await answered(server.url);
  expect((await ask(server.url, "POST")).state).toBe("broken");
  expect(asked).toBe(2);
  await answered(server.url);
  expect(await (await answered(server.url, "GET")).text()).toBe("hello");
  expect(asked).toBe(5);
});

test("a request that dies on a new connection is not sent again, whatever its method", async () => {
  let asked = 0;
  const server = serverThat(({ socket }) => {
    asked++;
    socket.end();
  });
  for (const method of ["POST", "GET", "DELETE"]) {
    expect(await ask(server.url, method)).toEqual({ state: "broken", reason: "it ended before its answer did" });
  }
  expect(asked).toBe(3);
});

test.each([
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
  "HTTP/1.1 101 Switching Protocols\r\n\r\n",
  "SSH-2.0-x\r\n\r\n",
])("%j is a broken answer, and the connection is closed", async (answer) => {
  const server = answering(answer);
  const exchanged = await ask(server.url);
  expect(exchanged).toMatchObject({ state: "broken", reason: expect.stringContaining("its answer is malformed") });
  expect(pool.size).toBe(0);
  await until("the server sees the end", () => server.peers.size === 0);
});

test("an answer without a length lasts until the server closes; a reset is no end", async () => {
  const ending = serverThat(({ socket }) => void socket.end("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nall of it"));
  expect(await (await throughServe(ending.url)).text()).toBe("all of it");
  const dying = serverThat(({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nsome of it");
    setTimeout(() => socket.terminate(), 20);
  });
  await expect((await throughServe(dying.url)).text()).rejects.toThrow();
});

test.each([
  ["ends", (peer: Peer) => void peer.socket.end()],
  ["is reset", (peer: Peer) => peer.socket.terminate()],
  ["sends nonsense", (peer: Peer) => void peer.socket.write("nonsense")],
])("a server that %s in the middle of a stream breaks it off for the client", async (_how, act) => {
  const server = serverThat((peer) => {
    peer.socket.write(`${eventStream}5\r\nhello\r\n`);
    setTimeout(() => act(peer), 20);
  });
  const response = await throughServe(server.url);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
  expect(pool.size).toBe(0);
});

test("the headers of a silent stream are there before its first event, behind a comment", async () => {
  const server = answering(eventStream);
  const response = await throughServe(server.url);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  for (const { socket } of server.peers) socket.write("3\r\nabc\r\n0\r\n\r\n");
  expect(await response.text()).toBe(":\n\nabc");
  await until("the connection is free", () => pool.size === 1);
});

test("a client that leaves a stream ends it for the server", async () => {
  const server = answering(`${eventStream}5\r\nhello\r\n`);
  const client = new AbortController();
  await throughServe(server.url, "GET", client.signal);
  client.abort();
  await until("the server sees the end", () => server.peers.size === 0);
  expect(pool.size).toBe(0);
});

test("a stream that nobody wants, begun or not, ends for the server", async () => {
  const server = answering(`${eventStream}5\r\nhello\r\n`);
  await (await answered(server.url, "GET")).body?.cancel();
  await until("the server sees the end", () => server.accepted === 1 && server.peers.size === 0);
  const reader = (await answered(server.url, "GET")).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await until("the server sees the end", () => server.accepted === 2 && server.peers.size === 0);
  expect(pool.size).toBe(0);
});

test("20 MB reach a slow client whole, and the connection serves the next one", async () => {
  const bytes = Buffer.from(`${`10000\r\n${"x".repeat(0x10000)}\r\n`.repeat(320)}0\r\n\r\n`);
  const send = (peer: Peer, at: number) => {
    const sent = at + Math.max(0, peer.socket.write(bytes.subarray(at)));
    if (sent < bytes.length) setTimeout(send, 1, peer, sent);
  };
  const server = serverThat((peer) => {
    if (peer.requests > 1) return void peer.socket.write(hello);
    peer.socket.write(eventStream);
    send(peer, 0);
  });
  const response = await throughServe(server.url, "POST");
  await Bun.sleep(100);
  expect((await response.arrayBuffer()).byteLength).toBe(320 * 0x10000);
  expect(await (await throughServe(server.url, "POST")).text()).toBe("hello");
  expect(server.accepted).toBe(1);
});
