import { field, messageReader } from "../http-messages.ts";
import * as wire from "../wire.ts";
import type { EventStreams } from "./event-streams.ts";
import { figuresPath, type UpstreamFigures } from "./figures.ts";
import type { HeldRequests } from "./held-requests.ts";

export type Connection = { feed: (bytes: Buffer) => void; drain: () => void; leave: () => void };

type Context = {
  streams: EventStreams;
  held: HeldRequests;
  figures: {
    read(): UpstreamFigures;
    /** Counts the connection out that asks for them. */
    discount(): void;
  };
};
type Socket = { write(bytes: string | Buffer): number; terminate(): void };

/** Answers the requests of one connection. */
export function connection(socket: Socket, { streams, held, figures }: Context): Connection {
  let head = "";
  let body = "";
  let unsent: Buffer = nothing;
  let isDiscounted = false;
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
      if (head.startsWith("POST ")) post();
      else if (head.startsWith(`GET ${figuresPath} `)) tell();
      else if (head.startsWith("GET ") && field(head, "accept")?.includes("text/event-stream")) stream();
      else if (head.startsWith("DELETE ")) write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      else write("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, POST, DELETE\r\nContent-Length: 0\r\n\r\n");
    },
  });
  return { feed, drain: () => writeLarge(unsent), leave: () => leave() };

  function post() {
    const id = /"id":(\d+)/.exec(body)?.[1];
    if (id === undefined) write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    else if (body.includes('"method":"initialize"')) write(initialized(id));
    else call(id, /"name":"(\w+)"/.exec(body)?.[1]);
  }

  function call(id: string, tool: string | undefined) {
    switch (tool) {
      case "sse":
        return write(wire.sseAnswer(id, process.pid));
      case "large":
        return writeLarge(largeAnswer(id));
      case "hold":
        leave = held.hold(id);
        return;
      case "half":
        leave = held.hold(id);
        return writeLarge(largeAnswer(id).subarray(0, wire.largeBytes / 2));
      default:
        return write(wire.jsonAnswer(id, process.pid));
    }
  }

  function stream() {
    write(wire.streamHead);
    const silentId = wire.silentId(head);
    if (silentId !== undefined) write(wire.silence);
    leave = silentId === undefined ? streams.join(write) : held.hold(silentId);
  }

  function tell() {
    if (!isDiscounted) figures.discount();
    isDiscounted = true;
    write(wire.jsonHead(JSON.stringify(figures.read())));
  }

  // No short answer is longer than a socket's buffer: a short write means a peer that no longer reads.
  function write(text: string) {
    if (socket.write(text) < text.length) socket.terminate();
  }

  function writeLarge(bytes: Buffer) {
    unsent = bytes.length === 0 ? nothing : bytes.subarray(Math.max(0, socket.write(bytes)));
  }
}

const nothing = Buffer.alloc(0);

let sessions = 0;

function initialized(id: string): string {
  const result = {
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "bench", version: "1" },
  };
  const session = `Mcp-Session-Id: ${process.pid}-${++sessions}-${crypto.randomUUID()}\r\n`;
  return wire.jsonHead(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`, session);
}

/** By id. Each is made once: what is measured is how they are carried. */
const largeAnswers = new Map<string, Buffer>();

function largeAnswer(id: string): Buffer {
  const answer = largeAnswers.get(id) ?? wire.largeAnswer(id, process.pid);
  largeAnswers.set(id, answer);
  return answer;
}
