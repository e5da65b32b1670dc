import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Exchanged, exchange, type Witness } from "../../../gateway/data-plane/upstream/exchange.ts";
import { connectionPool, type Pool } from "../../../gateway/data-plane/upstream/pool.ts";
import { until } from "../../support/until.ts";

let stack: DisposableStack;
let pool: Pool;
let abort: AbortController;

beforeEach(() => {
  stack = new DisposableStack();
  abort = new AbortController();
  pool = stack.use(connectionPool({ connectMs: 300, idleMs: 4000, maxIdle: 8, maxOpen: 100 }, () => 0));
});
afterEach(() => stack.dispose());

const mebibyte = 1024 * 1024;
const hello = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

type Peer = { socket: Bun.Socket<Peer>; received: string; bytes: number };

/** A server that sees bytes, and does what it wants with them. `open`: what it does first. */
function serverThat(on: { open?: (peer: Peer) => void; data?: (peer: Peer) => void }) {
  const seen = { url: "", peers: [] as Peer[], open: 0 };
  const listener = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { socket, received: "", bytes: 0 };
        seen.peers.push(socket.data);
        seen.open++;
        on.open?.(socket.data);
      },
      data({ data: peer }, bytes) {
        peer.bytes += bytes.length;
        if (peer.received.length < 10_000) peer.received += bytes.toString("latin1");
        on.data?.(peer);
      },
      close: () => void seen.open--,
      error() {},
    },
  });
  stack.defer(() => listener.stop(true));
  seen.url = `http://127.0.0.1:${listener.port}`;
  return seen;
}

/** A body that gives what it is told to, piece by piece, and remembers what became of it. */
function source() {
  const seen = { asked: 0, cancelled: false };
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      pull: () => void seen.asked++,
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    seen,
    give: (text: string) => controller?.enqueue(Buffer.from(text)),
    end: () => controller?.close(),
    fail: () => controller?.error(new Error("the client broke off")),
  };
}

/** Gives pieces for ever, as fast as they are taken. */
function endless(seen = { given: 0, cancelled: false }) {
  const piece = new Uint8Array(64 * 1024);
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        seen.given += piece.length;
        controller.enqueue(piece);
        if (seen.given % mebibyte === 0) await Bun.sleep(0);
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}

const send = (url: string, stream: ReadableStream<Uint8Array>, bytes?: number, witness?: Witness) =>
  exchange({ method: "POST", target: "/mcp", headers: {}, body: { stream, bytes }, client: abort }, url, pool, witness);

async function textOf(exchanged: Exchanged): Promise<string> {
  if (exchanged.state !== "answered") throw new Error(JSON.stringify(exchanged));
  return `${exchanged.response.status} ${await exchanged.response.text()}`;
}

const answering = (isWhole: (received: string) => boolean) =>
  serverThat({
    data(peer) {
      if (isWhole(peer.received)) peer.socket.write(hello);
    },
  });

test("a body of known length goes out as it comes, and the connection carries the next request", async () => {
  const server = answering((received) => received.endsWith("cd"));
  for (let i = 0; i < 2; i++) {
    const { stream, give, end } = source();
    const sent = send(server.url, stream, 4);
    give("ab");
    await until("the first part is there", () => server.peers[0]?.received.endsWith("\r\n\r\nab"));
    give("cd");
    end();
    expect(await textOf(await sent)).toBe("200 hello");
    if (server.peers[0]) server.peers[0].received = "";
  }
  expect(server.peers).toHaveLength(1);
  expect(pool.size).toBe(1);
});

test("a body of unknown length goes out in chunks, and an empty piece does not end it", async () => {
  const server = answering((received) => received.endsWith("0\r\n\r\n"));
  const { stream, give, end } = source();
  const sent = send(server.url, stream);
  for (const piece of ["ab", "", "c".repeat(20)]) give(piece);
  end();
  expect(await textOf(await sent)).toBe("200 hello");
  expect(server.peers[0]?.received).toEndWith(
    `transfer-encoding: chunked\r\n\r\n2\r\nab\r\n14\r\n${"c".repeat(20)}\r\n0\r\n\r\n`,
  );
  expect(pool.size).toBe(1);
});

test("a body is not asked for before there is a connection", async () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  const { stream, seen } = source();
  expect(await send(`http://127.0.0.1:${listener.port}`, stream)).toEqual({ state: "refused" });
  expect(seen.asked).toBe(0);
});

test("a server that is slow to read holds the body back, and gets all of it in the end", async () => {
  let total = 0;
  const server = serverThat({
    open: ({ socket }) => socket.pause(),
    data(peer) {
      total = peer.bytes;
      if (peer.received === "" || peer.bytes > 40 * mebibyte) peer.socket.write(hello);
    },
  });
  const piece = new Uint8Array(64 * 1024);
  let given = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        given += piece.length;
        controller.enqueue(piece);
        if (given === 40 * mebibyte) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const sent = send(server.url, stream, 40 * mebibyte);
  await until("the kernel takes no more", async () => {
    const before = given;
    await Bun.sleep(50);
    return given > 0 && given === before;
  });
  expect(given).toBeLessThan(20 * mebibyte);
  server.peers[0]?.socket.resume();
  expect(await textOf(await sent)).toBe("200 hello");
  expect(given).toBe(40 * mebibyte);
  expect(total).toBeGreaterThan(40 * mebibyte);
});

test.each([
  ["longer", ["ab", "cde"]],
  ["shorter", ["ab"]],
])("a body that is %s than it said breaks off, and the server sees no whole request", async (_how, pieces) => {
  const server = serverThat({});
  const { stream, give, end } = source();
  const sent = send(server.url, stream, 4);
  for (const piece of pieces) give(piece);
  end();
  expect(await sent).toEqual({ state: "broken", reason: "the request's body has not the length that it said" });
  await until("the server sees the end", () => server.peers.length === 1 && server.open === 0);
  expect(server.peers[0]?.received).not.toContain("cde");
  expect(pool.size).toBe(0);
});

test("a body whose source breaks off gives the request up, and the server sees no whole request", async () => {
  const server = serverThat({});
  const { stream, give, fail } = source();
  const sent = send(server.url, stream);
  give("ab");
  await until("a part is there", () => server.peers[0]?.received.endsWith("ab\r\n"));
  fail();
  expect(await sent).toEqual({ state: "abandoned" });
  await until("the server sees the end", () => server.open === 0);
  expect(server.peers[0]?.received).not.toContain("0\r\n\r\n");
});

test("a request that is given up while its body is on the way, read or held back, leaves the server and its source", async () => {
  for (const open of [undefined, ({ socket }: Peer) => socket.pause()]) {
    abort = new AbortController();
    const server = serverThat({ open });
    const { stream, seen } = endless();
    const sent = send(server.url, stream);
    await until("it is on its way", () => seen.given > mebibyte);
    abort.abort();
    expect(await sent).toEqual({ state: "abandoned" });
    server.peers[0]?.socket.resume();
    await until("the server sees the end", () => server.open === 0);
    await until("nobody asks for more", () => seen.cancelled);
    expect(pool.size).toBe(0);
  }
});

const tooLarge = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig";

test.each([
  ["goes on reading", () => {}],
  ["stops reading", ({ socket }: Peer) => socket.pause()],
  ["sends its end", ({ socket }: Peer) => socket.shutdown()],
  ["closes", ({ socket }: Peer) => void socket.end()],
  ["resets", ({ socket }: Peer) => socket.terminate()],
])("an answer that comes before the body is sent counts, when the server then %s", async (_what, act) => {
  for (let round = 0; round < 20; round++) {
    let hasAnswered = false;
    const server = serverThat({
      data(peer) {
        if (hasAnswered) return;
        hasAnswered = true;
        peer.socket.write(tooLarge);
        act(peer);
      },
    });
    const { stream, seen } = endless();
    expect(await textOf(await send(server.url, stream))).toBe("413 big");
    await until("nobody asks for more", () => seen.cancelled);
    expect(pool.size).toBe(0);
  }
});

test("a stream of answers goes on while the body does", async () => {
  const server = serverThat({
    data(peer) {
      if (peer.bytes > 0 && !peer.received.includes("ab")) return;
      const isLast = peer.received.endsWith("0\r\n\r\n");
      if (!peer.received.includes("cd"))
        peer.socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
      if (isLast) peer.socket.write("4\r\nlast\r\n0\r\n\r\n");
    },
  });
  const { stream, give, end } = source();
  const sent = send(server.url, stream);
  give("ab");
  const exchanged = await sent;
  give("cd");
  end();
  expect(await textOf(exchanged)).toBe("200 firstlast");
});

test("a request whose body has begun is never sent again, whatever its method", async () => {
  let requests = 0;
  const server = serverThat({
    data(peer) {
      if (!peer.received.endsWith("ab")) return;
      requests++;
      if (requests === 1) peer.socket.write(hello);
      else peer.socket.terminate();
      peer.received = "";
    },
  });
  const put = (stream: ReadableStream<Uint8Array>) =>
    exchange(
      { method: "PUT", target: "/mcp", headers: {}, body: { stream, bytes: 2 }, client: abort },
      server.url,
      pool,
    );
  const [first, second] = [source(), source()];
  for (const { give, end } of [first, second]) {
    give("ab");
    end();
  }
  expect(await textOf(await put(first.stream))).toBe("200 hello");
  expect((await put(second.stream)).state).toBe("broken");
  expect(requests).toBe(2);
  expect(server.peers).toHaveLength(1);
});

test("100 bodies on their way at once, given up in every phase, leave nothing behind", async () => {
  const server = serverThat({
    data(peer) {
      if (server.peers.length % 3 === 0) peer.socket.pause();
    },
  });
  const sources = Array.from({ length: 100 }, () => endless());
  const sending = sources.map(({ stream }) => send(server.url, stream));
  await until("some are on their way", () => server.peers.length > 50);
  abort.abort();
  const states = new Set((await Promise.all(sending)).map(({ state }) => state));
  expect([...states]).toEqual(["abandoned"]);
  for (const { socket } of server.peers) socket.resume();
  await until("the server has none", () => server.open === 0);
  expect(pool.size).toBe(0);
});
