import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { until } from "../support/until.ts";
import { chunked, hostile, isBroken, mebibyte, mine, stolen } from "./hostile-acts.ts";
import { type RawGateway, rawGateway, toolCall } from "./raw-gateway.ts";
import { type Peer, type RawServer, rawServer, send, sendLast } from "./raw-server.ts";

let raw: RawGateway;
let stack: DisposableStack;

beforeAll(async () => {
  raw = await rawGateway({ MAX_BODY_BYTES: String(32 * mebibyte) });
});
afterAll(() => raw[Symbol.asyncDispose]());
beforeEach(() => {
  stack = new DisposableStack();
});
afterEach(() => {
  stack.dispose();
  expect(raw.failures).toEqual([]);
});

/** Serves `x` from now on. */
function serving(on: Parameters<typeof rawServer>[0]): RawServer {
  const server = stack.use(rawServer(on));
  raw.use(server);
  return server;
}

/** Status and body as the client has them, or how the answer broke off. */
async function outcomeOf(asking: Promise<Response>): Promise<string> {
  const response = await asking;
  const body = await response.text().catch(() => "broke off");
  return `${response.status} ${body}`;
}

test.each(hostile)(
  "a server that %s is survived, and the next request has its own answer",
  async (_what, act, outcome) => {
    let requests = 0;
    let hostilePeer: Peer | undefined;
    const server = serving({
      request(peer) {
        requests++;
        if (requests > 1) return void send(peer, mine);
        hostilePeer = peer;
        act(peer);
      },
    });
    expect(await outcomeOf(raw.post())).toBe(outcome);
    await until("the server is left alone", () => server.accepted === 1 && server.peers.size === 0);
    // What the kernel takes before anybody has read it, and no more.
    expect(hostilePeer?.sentBytes).toBeLessThan(8 * mebibyte);
    expect(await outcomeOf(raw.post())).toBe("200 mine");
    expect(await outcomeOf(raw.post())).toBe("200 mine");
    expect(server.accepted).toBe(2);
    expect(requests).toBe(3);
  },
);

test("of headers without end no more is taken than the limit, and as much is let through", async () => {
  let answer = "";
  serving({ request: (peer) => void send(peer, answer) });
  const headers = (bytes: number) => {
    const start = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: ";
    return `${start}${"x".repeat(bytes - start.length)}\r\n\r\nmine`;
  };
  answer = headers(32 * 1024);
  const response = await raw.post();
  expect(response.headers.get("x")?.length).toBe(32 * 1024 - "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: ".length);
  expect(await response.text()).toBe("mine");
  answer = headers(32 * 1024 + 1);
  expect(await outcomeOf(raw.post())).toBe(isBroken);
});

test("300,000 chunks of one byte arrive whole, and others are served meanwhile", async () => {
  const bomb = Buffer.from(`${chunked}${"1\r\nx\r\n".repeat(300_000)}0\r\n\r\n`);
  serving({ request: (peer) => void send(peer, bomb) });
  const answer = raw.post().then((response) => response.text());
  let longestMs = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const startMs = performance.now();
      expect((await fetch(`${raw.gateway.url}/ping`)).status).toBe(200);
      longestMs = Math.max(longestMs, performance.now() - startMs);
    }
  })();
  expect(await answer).toBe("x".repeat(300_000));
  isOver = true;
  await watching;
  expect(longestMs).toBeLessThan(2000);
});

test("a packed bomb goes by as it is", async () => {
  const bomb = Buffer.from(Bun.gzipSync(new Uint8Array(64 * mebibyte)));
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
  serving({ request: (peer) => void send(peer, Buffer.concat([Buffer.from(head), bomb])) });
  const response = await fetch(raw.gateway.mcpUrl("x"), {
    method: "POST",
    body: toolCall,
    decompress: false,
  } as RequestInit);
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(bomb.equals(Buffer.from(await response.arrayBuffer()))).toBe(true);
});

test("an answer that nobody asked for, on an idle connection, is nobody's", async () => {
  const server = serving({ request: (peer) => void send(peer, mine) });
  for (let round = 1; round <= 5; round++) {
    expect(await outcomeOf(raw.post())).toBe("200 mine");
    for (const peer of server.peers) send(peer, stolen);
    await until("the connection is closed", () => server.peers.size === 0);
    expect(server.accepted).toBe(round);
  }
  expect(await raw.connections()).toBe(0);
});

test.each([
  ["goes on", () => {}],
  ["stops reading", ({ socket }: Peer) => socket.pause()],
  ["ends", ({ socket }: Peer) => void socket.end()],
])("an answer before the end of a large request counts, when its server then %s", async (_how, act) => {
  const server = serving({
    data(peer) {
      if (peer.sentBytes > 0) return;
      send(peer, mine.replace("200 OK", "413 Content Too Large"));
      act(peer);
    },
    request(peer) {
      peer.sentBytes = 0;
    },
  });
  const body = JSON.stringify({ jsonrpc: "2.0", method: "x", params: { text: "x".repeat(12 * mebibyte) } });
  for (let round = 0; round < 5; round++) {
    expect(await outcomeOf(raw.post(body))).toBe("413 mine");
    for (const peer of server.peers) peer.socket.resume();
  }
});

test("what was sent before an orderly end reaches a reader that was slow", async () => {
  const body = Buffer.alloc(8 * mebibyte, "x");
  const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  serving({ request: (peer) => sendLast(peer, Buffer.concat([Buffer.from(head), body])) });
  const response = await raw.post();
  await Bun.sleep(100);
  expect((await response.arrayBuffer()).byteLength).toBe(body.length);
});
