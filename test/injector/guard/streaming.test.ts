import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { until } from "../../support/until.ts";
import { chunk, closed, eventStream, hello, type Peer, rawServer, type RawServer, reader } from "./raw-server.ts";
import { gatewayKey, type GuardProcess, keyVolume, startGuard, vouched } from "./support.ts";

const stack = new AsyncDisposableStack();
const mebibyte = 1024 * 1024;
let server: RawServer;
let guard: GuardProcess;
let act: (peer: Peer) => void;

beforeAll(async () => {
  server = stack.use(rawServer((peer) => act(peer)));
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  guard = stack.use(await startGuard(server.url, volume.file));
});
afterAll(() => stack.disposeAsync());

const ask = (method: string, body?: BodyInit, signal?: AbortSignal) =>
  fetch(`${guard.url}/mcp`, { method, headers: vouched(), body, signal });

const last = () => server.peers.at(-1) as Peer;

/** A request by hand whose body goes on for as long as the test likes. */
function upload(head: string) {
  const { hostname, port } = new URL(guard.url);
  const socket = connect(Number(port), hostname);
  const lines = Object.entries(vouched()).map(([name, value]) => `${name}: ${value}\r\n`);
  const upload = { socket, received: "", sent: 0 };
  socket.on("data", (bytes) => {
    upload.received += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  socket.write(`POST /mcp HTTP/1.1\r\nhost: a\r\n${lines.join("")}${head}\r\n\r\n`);
  stack.defer(() => void socket.destroy());
  return upload;
}

/** Sends pieces as fast as they are taken, until the limit. */
function pour(to: ReturnType<typeof upload>, maxBytes: number): void {
  const piece = Buffer.alloc(64 * 1024, 0x78);
  while (to.sent < maxBytes && !to.socket.destroyed) {
    to.sent += piece.length;
    if (!to.socket.write(piece)) return void to.socket.once("drain", () => pour(to, maxBytes));
  }
}

async function guardMegabytes(): Promise<number> {
  return ((await guard.metrics()).get("process_resident_memory_bytes") ?? 0) / mebibyte;
}

test("a silent stream's headers are there at once, its events as they come, and its end", async () => {
  act = ({ socket }) => void socket.write(eventStream);
  const response = await ask("GET");
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const next = reader(response.body);
  expect(await next(":\n\n")).toBe(":\n\n");
  for (const event of ["data: one\n\n", "id: 7\nretry: 10\ndata:\n\n", ": keep-alive\n\n"]) {
    last().socket.write(chunk(event));
    expect(await next(event)).toBe(event);
  }
  last().socket.write("0\r\n\r\n");
  await expect(next("more")).rejects.toThrow("the stream ended");
});

test("12 seconds of silence cut neither a stream, nor a slow answer, nor a slow body", async () => {
  act = ({ socket, received }) => {
    if (received.startsWith("GET")) socket.write(eventStream);
    if (received.endsWith("\r\n\r\n{}")) setTimeout(() => socket.write(hello), 12_000);
    if (received.endsWith("slow body")) socket.write(hello);
  };
  const stream = await ask("GET");
  const streaming = last();
  const slow = upload("content-length: 100009");
  pour(slow, 65_536);
  const answer = ask("POST", "{}").then((response) => response.text());
  await Bun.sleep(12_000);
  streaming.socket.write(`${chunk("data: late\n\n")}0\r\n\r\n`);
  slow.socket.write(`${"x".repeat(100_000 - 65_536)}slow body`);
  expect(await stream.text()).toBe(":\n\ndata: late\n\n");
  expect(await answer).toBe("hello");
  await until("the slow body is answered", () => slow.received.endsWith("hello"));
}, 30_000);

test("a client that leaves is gone for the server at once, in every phase", async () => {
  const phases: [string, (peer: Peer) => void][] = [
    ["waiting for the answer", () => {}],
    ["in the middle of a stream", ({ socket }) => void socket.write(eventStream + chunk("data: 1\n\n"))],
    [
      "in the middle of a long answer",
      ({ socket }) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nx"),
    ],
  ];
  for (const [, phase] of phases) {
    act = phase;
    const client = new AbortController();
    const asking = ask("POST", "{}", client.signal).then(
      () => "answered",
      () => "gave up",
    );
    await until("the request is there", () => last()?.isOpen && last().received.endsWith("{}"));
    await Promise.race([asking, Bun.sleep(20)]);
    client.abort();
    await asking;
    await closed(last());
  }
});

test("a client that leaves in the middle of its body is gone for the server, which sees no whole request", async () => {
  act = () => {};
  for (const head of ["content-length: 1000000", "transfer-encoding: chunked"]) {
    const leaving = upload(head);
    leaving.socket.write(head.startsWith("content") ? "x".repeat(70_000) : chunk("x".repeat(70_000)));
    await until("a part is there", () => last()?.isOpen && last().bytes > 70_000);
    leaving.socket.destroy();
    await closed(last());
    expect(last().received.endsWith("0\r\n\r\n")).toBe(false);
  }
});

test.each([
  ["ends", ({ socket }: Peer) => void socket.end()],
  ["is reset", ({ socket }: Peer) => socket.terminate()],
])("a server that %s in the middle of an answer breaks it off for the client", async (_how, die) => {
  for (const head of [eventStream + chunk("data: 1\n\n"), "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegun"]) {
    act = ({ socket }) => void socket.write(head);
    const response = await ask("POST", "{}");
    expect(response.status).toBe(200);
    die(last());
    await expect(response.text()).rejects.toThrow();
  }
});

test("a long body goes through as it comes, and is held back by a server that does not read", async () => {
  act = ({ socket, bytes }) => {
    if (bytes < mebibyte) socket.pause();
  };
  const before = await guardMegabytes();
  const slow = upload(`content-length: ${400 * mebibyte}`);
  pour(slow, 400 * mebibyte);
  await until("nobody takes more", async () => {
    const { sent } = slow;
    await Bun.sleep(100);
    return slow.sent === sent;
  });
  expect(slow.sent).toBeLessThan(60 * mebibyte);
  const reading = last();
  act = ({ socket, bytes }) => {
    if (bytes > 400 * mebibyte) socket.write(hello);
  };
  reading.socket.resume();
  let peak = 0;
  await until("it is answered", async () => {
    peak = Math.max(peak, await guardMegabytes());
    return slow.received.endsWith("hello");
  });
  expect(reading.received.split("\r\n\r\n", 1)[0]?.toLowerCase()).toContain(`content-length: ${400 * mebibyte}`);
  expect(peak - before).toBeLessThan(100);
}, 60_000);

test("a body of unknown length goes through in chunks", async () => {
  act = ({ socket, received }) => {
    if (received.endsWith("0\r\n\r\n")) socket.write(hello);
  };
  const sending = upload("transfer-encoding: chunked");
  sending.socket.write(chunk("first "));
  await until("the first is there", () => last()?.received.endsWith("6\r\nfirst \r\n"));
  sending.socket.write(`${chunk("last")}0\r\n\r\n`);
  await until("it is answered", () => sending.received.endsWith("hello"));
  expect(last().received.toLowerCase()).toContain("transfer-encoding: chunked");
});

test("a server that answers before it has the body is heard, and the client may ask again", async () => {
  const full = "HTTP/1.1 413 Too Large\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nbig";
  let hasAnswered = false;
  act = ({ socket }) => {
    if (!hasAnswered) socket.end(full);
    hasAnswered = true;
  };
  const sending = upload(`content-length: ${8 * mebibyte}`);
  pour(sending, 8 * mebibyte);
  await until("it is answered", () => sending.received.endsWith("big"));
  expect(sending.received).toStartWith("HTTP/1.1 413 ");
  await until("all of it is taken", () => sending.sent === 8 * mebibyte && sending.socket.writableLength === 0);
  act = ({ socket }) => void socket.write(hello);
  const lines = Object.entries(vouched()).map(([name, value]) => `${name}: ${value}\r\n`);
  sending.socket.write(`GET /mcp HTTP/1.1\r\nhost: a\r\n${lines.join("")}\r\n`);
  await until("the next one is answered", () => sending.received.endsWith("hello"));
});

test("an answer streams while the body does", async () => {
  act = ({ socket, received }) => {
    if (received.endsWith("6\r\nfirst \r\n")) socket.write(eventStream + chunk("data: first\n\n"));
    if (received.endsWith("0\r\n\r\n")) socket.write(`${chunk("data: last\n\n")}0\r\n\r\n`);
  };
  const both = upload("transfer-encoding: chunked");
  both.socket.write(chunk("first "));
  await until("the first event", () => both.received.includes("data: first"));
  both.socket.write(`${chunk("last")}0\r\n\r\n`);
  await until("the last event", () => both.received.includes("data: last") && both.received.endsWith("0\r\n\r\n"));
});

test("a client that reads slowly holds the server back, and gets all of it", async () => {
  const piece = chunk("x".repeat(65_536));
  let written = 0;
  const pump = (peer: Peer) => {
    while (written < 3000) {
      const sent = peer.socket.write(piece);
      if (sent < piece.length) return void setTimeout(() => finish(peer, piece.slice(sent)), 1);
      written++;
    }
    peer.socket.write("0\r\n\r\n");
  };
  const finish = (peer: Peer, rest: string) => {
    const sent = peer.socket.write(rest);
    if (sent < rest.length) return void setTimeout(() => finish(peer, rest.slice(sent)), 1);
    written++;
    pump(peer);
  };
  act = (peer) => {
    peer.socket.write(eventStream);
    pump(peer);
  };
  const before = await guardMegabytes();
  const response = await ask("POST", "{}");
  await Bun.sleep(500);
  expect(written).toBeLessThan(1500);
  expect((await guardMegabytes()) - before).toBeLessThan(100);
  expect((await response.arrayBuffer()).byteLength).toBe(3000 * 65_536);
}, 60_000);
