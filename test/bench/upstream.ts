/**
 * The MCP server behind every target: as little work per request as a Bun process can do, so that proxies are what is measured.
 * It takes any session id. Started by the bench or, as an adapter's replica, by the gateway (PORT, HOST); writes a file
 * `{pid}.json` with its port into BENCH_UPSTREAMS.
 */
import { renameSync, writeFileSync } from "node:fs";
import { sharedClockUs } from "./clock.ts";
import { field, messageReader } from "./http-messages.ts";
import { eventsPerSecond, jsonAnswer, jsonHead, sseAnswer, streamEvent, streamHead } from "./wire.ts";

type Connection = { feed: (bytes: Buffer) => void; leave: () => void };
type Stream = { write: (bytes: string) => void; sent: number };

const slotCount = 200;
/** Open streams, spread over a second so that events do not come in one burst. */
const slots = Array.from({ length: slotCount }, () => new Set<Stream>());
let opened = 0;
let open = 0;
let sessions = 0;

const listener = Bun.listen<Connection>({
  hostname: process.env["HOST"] ?? "127.0.0.1",
  port: Number(process.env["PORT"] ?? 0),
  socket: {
    open(socket) {
      socket.data = connection((bytes) => {
        // No answer here is longer than a socket's buffer: a short write means a peer that no longer reads.
        if (socket.write(bytes) < bytes.length) socket.terminate();
      });
    },
    data: (socket, bytes) => socket.data.feed(bytes),
    close: (socket) => socket.data.leave(),
    error: (socket) => socket.data.leave(),
  },
});
announce(listener.port);
sendEvents();
leaveWithParent();

function connection(write: (bytes: string) => void): Connection {
  let head = "";
  let body = "";
  let leave = () => {};
  const feed = messageReader({
    head: (text) => {
      head = text;
      body = "";
    },
    piece: (bytes) => {
      body += bytes.toString("latin1");
    },
    end: () => {
      if (head.startsWith("POST ")) write(answer(body));
      else if (head.startsWith("GET /open-streams ")) write(jsonHead(`${open}`));
      else if (head.startsWith("GET ") && field(head, "accept")?.includes("text/event-stream")) {
        write(streamHead);
        leave = join({ write, sent: 0 });
      } else write("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, POST\r\nContent-Length: 0\r\n\r\n");
    },
  });
  return { feed, leave: () => leave() };
}

function answer(body: string): string {
  const id = /"id":(\d+)/.exec(body)?.[1];
  if (id === undefined) return "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
  if (body.includes('"method":"initialize"')) return initialized(id);
  return body.includes('"name":"sse"') ? sseAnswer(id, process.pid) : jsonAnswer(id, process.pid);
}

function initialized(id: string): string {
  const result = {
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "bench", version: "1" },
  };
  const session = `Mcp-Session-Id: ${process.pid}-${++sessions}-${crypto.randomUUID()}\r\n`;
  return jsonHead(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`, session);
}

function join(stream: Stream): () => void {
  const slot = slots[opened++ % slotCount];
  slot?.add(stream);
  open++;
  return () => {
    if (slot?.delete(stream)) open--;
  };
}

/** Each slot has its turn `eventsPerSecond` times a second; turns missed while the process was busy are made up for. */
function sendEvents() {
  const begin = performance.now();
  let turn = 0;
  setInterval(() => {
    const due = ((performance.now() - begin) / 1000) * eventsPerSecond * slotCount;
    for (; turn < due; turn++)
      for (const stream of slots[turn % slotCount] ?? []) stream.write(streamEvent(++stream.sent, sharedClockUs()));
  }, 5);
}

function announce(port: number) {
  const folder = process.env["BENCH_UPSTREAMS"];
  if (folder === undefined) throw new Error("BENCH_UPSTREAMS names the folder where an upstream writes its port");
  // Renamed into place, so that whoever reads it never sees half a file.
  writeFileSync(`${folder}/${process.pid}.tmp`, JSON.stringify({ pid: process.pid, port }));
  renameSync(`${folder}/${process.pid}.tmp`, `${folder}/${process.pid}.json`);
}

/** A bench or gateway that was killed cannot end its upstreams: they notice by themselves that their parent is another one. */
function leaveWithParent() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
  }, 1000);
}
