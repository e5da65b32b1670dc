import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { until } from "../support/until.ts";
import { chunked, mebibyte, mine } from "./hostile-acts.ts";
import { type RawGateway, rawGateway, toolCall } from "./raw-gateway.ts";
import { type Peer, type RawServer, rawServer, send, sendEndlessly } from "./raw-server.ts";

const kinds = ["plain", "under a tool policy", "with counted streams"] as const;
type Kind = (typeof kinds)[number];

let raw: RawGateway;
let counting: RawGateway;
let stack: DisposableStack;
let slowestMs = 0;

beforeAll(async () => {
  raw = await rawGateway();
  counting = await rawGateway({ MAX_STREAMS: "1000" }, raw);
});
afterAll(async () => {
  console.log(`the slowest abort took ${slowestMs.toFixed(1)} ms to the MCP server`);
  await counting[Symbol.asyncDispose]();
  await raw[Symbol.asyncDispose]();
});
beforeEach(() => {
  stack = new DisposableStack();
});
afterEach(() => {
  stack.dispose();
  expect([...raw.failures, ...counting.failures]).toEqual([]);
});

const gatewayOf = (kind: Kind) => (kind === "with counted streams" ? counting : raw);
const adapterOf = (kind: Kind) => (kind === "under a tool policy" ? "policed" : "x");

function serving(on: Parameters<typeof rawServer>[0]): RawServer {
  const server = stack.use(rawServer(on));
  raw.use(server);
  return server;
}

/** A client that knows nothing but bytes. */
function client({ port }: RawGateway, request: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  stack.defer(() => void socket.destroy());
  socket.write(request);
  return socket;
}

function requestOf(
  method: "GET" | "POST",
  { kind = "plain" as Kind, body = method === "POST" ? toolCall : "" } = {},
): string {
  const fields = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  return `${method} /adapters/${adapterOf(kind)}/mcp HTTP/1.1\r\n${fields}\r\n\r\n${body}`;
}

const eventStream = chunked.replace("application/json", "text/event-stream");
const large = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999999\r\n\r\n";
const event = `b\r\ndata: abc\n\n\r\n`;

/** What the server does with the request; whether the client has anything of an answer then. */
const phases: readonly (readonly ["GET" | "POST", string, (peer: Peer) => void, boolean])[] = [
  ["POST", "before there is any answer", () => {}, false],
  ["GET", "before there is any answer", () => {}, false],
  ["POST", "in the middle of the answer's head", (peer) => send(peer, "HTTP/1.1 200 OK\r\nX: "), false],
  ["POST", "in the middle of a short answer", (peer) => send(peer, mine.replace(": 4", ": 5")), false],
  ["POST", "in the middle of a long answer", (peer) => send(peer, large + "x".repeat(99_999)), true],
  ["POST", "in the middle of an answer in chunks", (peer) => send(peer, `${chunked}2\r\n{"\r\n`), true],
  ["POST", "while a stream has sent nothing", (peer) => send(peer, eventStream), false],
  ["GET", "while a stream has sent nothing", (peer) => send(peer, eventStream), true],
  ["POST", "while a stream is silent", (peer) => send(peer, eventStream + event), true],
  ["GET", "while a stream is silent", (peer) => send(peer, eventStream + event), true],
  ["GET", "while a stream sends", (peer) => everyMillisecond(peer, eventStream), true],
];

function everyMillisecond(peer: Peer, first: string): void {
  send(peer, first);
  const timer = setInterval(() => void send(peer, event), 1);
  stack.defer(() => clearInterval(timer));
}

/** An answer that is held until it can be checked has nothing for its client before. */
function isHeld(kind: Kind, phase: string): boolean {
  return kind === "under a tool policy" && /long answer|in chunks/.test(phase);
}

const cases = kinds.flatMap((kind) =>
  phases.map(([method, phase, act, isBegun]) => ({ kind, method, phase, act, isBegun })),
);

test.each(cases)("$kind: a client that leaves its $method $phase is gone for the server", async (given) => {
  const { kind, method, phase, act } = given;
  const gateway = gatewayOf(kind);
  for (const leave of ["destroy", "resetAndDestroy"] as const) {
    let asked = 0;
    const server = serving({
      request(peer) {
        asked++;
        act(peer);
      },
    });
    const socket = client(gateway, requestOf(method, { kind }));
    let heard = 0;
    socket.on("data", (bytes) => {
      heard += bytes.length;
    });
    await until("the server is asked", () => asked === 1);
    if (given.isBegun && !isHeld(kind, phase)) await until("an answer has begun", () => heard > 0);
    await leaves(server, () => socket[leave]());
    expect(asked).toBe(1);
  }
  expect(await gateway.connections()).toBe(0);
});

/** The goal is 250 ms; a test that shares its machine may take longer. */
async function leaves(server: RawServer, leave: () => void): Promise<void> {
  const startMs = performance.now();
  leave();
  await until("the server sees the end", () => server.peers.size === 0, 2000);
  slowestMs = Math.max(slowestMs, server.lastEndMs - startMs);
}

test("a client that leaves before there is a connection to the server takes the attempt with it", async () => {
  // The connection is there when both have agreed on keys, which a silent server never does.
  const server = stack.use(rawServer({}));
  raw.use({ origin: server.origin.replace("http:", "https:") });
  const socket = client(raw, requestOf("POST"));
  await until("the gateway connects", () => server.peers.size === 1);
  await leaves(server, () => socket.destroy());
  expect(await raw.connections()).toBe(0);
});

test("a client that leaves while a large request waits for a server that does not read is gone for it", async () => {
  const server = serving({ open: ({ socket }) => socket.pause() });
  const text = JSON.stringify({ jsonrpc: "2.0", method: "x", params: { text: "x".repeat(3.9 * mebibyte) } });
  const socket = client(raw, requestOf("POST", { body: text }));
  await until("the gateway sends", () => server.peers.size === 1);
  socket.destroy();
  await until("the gateway has no connection", async () => (await raw.connections()) === 0, 2000);
  for (const peer of server.peers) peer.socket.resume();
  await until("the server sees the end", () => server.peers.size === 0);
});

/** Of what an endless answer has, this much is sent per reader before the server is held back: most of it waits in the kernel. */
const maxSentBytes = 24 * mebibyte;
/** And this much of memory is taken by the gateway for each. */
const maxHeldBytes = 6 * mebibyte;

test.each(kinds.flatMap((kind) => [[kind, 1] as const, [kind, 20] as const]))(
  "%s: %i readers that stop hold the server back, and cost little",
  async (kind, readers) => {
    const gateway = gatewayOf(kind);
    const piece = Buffer.from(`10000\r\n${`data: ${"x".repeat(1016)}\n\n`.repeat(64)}\r\n`);
    const server = serving({
      request(peer) {
        send(peer, eventStream);
        sendEndlessly(peer, piece);
      },
    });
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    const sockets = Array.from({ length: readers }, () => client(gateway, requestOf("POST", { kind })).pause());
    const sent = () => [...server.peers].map(({ sentBytes }) => sentBytes);
    let [last, still] = ["", 0];
    await until("the server is held back", async () => {
      const now = sent().join();
      still = now === last && server.peers.size === readers ? still + 1 : 0;
      last = now;
      await Bun.sleep(50);
      return still === 10;
    });
    expect(Math.max(...sent())).toBeLessThan(maxSentBytes);
    await until("what was only passing is given back", () => {
      Bun.gc(true);
      return process.memoryUsage.rss() - before < readers * maxHeldBytes;
    });
    expect(await statusOfOther(gateway)).toBe(200);
    await leaves(server, () => {
      for (const socket of sockets) socket.destroy();
    });
  },
  30_000,
);

async function statusOfOther(raw: RawGateway): Promise<number> {
  return (await fetch(`${raw.gateway.url}/ping`)).status;
}

test("a body that trickles in reaches the server whole, which is not asked before", async () => {
  const server = serving({ request: (peer) => void send(peer, mine) });
  const request = requestOf("POST");
  const socket = client(raw, request.slice(0, 40));
  let heard = "";
  socket.on("data", (bytes) => {
    heard += bytes.toString("latin1");
  });
  for (const byte of request.slice(40, -1)) {
    socket.write(byte);
    await Bun.sleep(0);
  }
  expect(server.accepted).toBe(0);
  socket.write(request.slice(-1));
  await until("the answer is there", () => heard.endsWith("mine"));
  expect(heard).toStartWith("HTTP/1.1 200 OK\r\n");
});

test("400 requests that stop half-way hinder nobody, and leave nothing when they go", async () => {
  const server = serving({ request: (peer) => void send(peer, mine) });
  const request = requestOf("POST");
  const parts = [request.slice(0, 20), request.slice(0, -1), request.slice(0, request.indexOf("\r\n\r\n") + 4)];
  const chunks = "POST /adapters/x/mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{";
  const sockets = [...parts, chunks].flatMap((part) => Array.from({ length: 100 }, () => client(raw, part)));
  await until("all are connected", () => sockets.every(({ readyState }) => readyState === "open"));
  expect(await (await raw.post()).text()).toBe("mine");
  for (const [at, socket] of sockets.entries()) {
    if (at % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
  }
  expect(await (await raw.post()).text()).toBe("mine");
  expect(server.accepted).toBe(1);
});
