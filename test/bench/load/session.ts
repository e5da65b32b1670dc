import { field, type MessageSink, messageReader } from "../http-messages.ts";

/** One connection with an MCP session of its own. */
export type Session = {
  /** Sends one HTTP request. Short ones only: nothing is kept for later when the socket is full. */
  send(request: string | Buffer): void;
  /** Takes all answers from now on. */
  receive(sink: MessageSink): void;
  /** With a reset, so that no port is kept. */
  close(): void;
  /** As a process leaves that ends: without a reset. */
  leave(): void;
  /** Head of a request in this session, up to and with the empty line. `fields`: more of them, each with its line end. */
  head(method: "POST" | "GET", bodyBytes: number, fields?: string): string;
};

/** One connection: requests go out on it, and what comes back is read as answers. */
export type Connection = Pick<Session, "send" | "receive" | "close" | "leave"> & {
  /** Reads nothing until it is resumed. */
  pause(): void;
  resume(): void;
};

/** Connects. `onLost` is called when the connection ends without having been closed here. */
export async function openConnection(origin: string, onLost: () => void): Promise<Connection> {
  const { hostname, port } = new URL(origin);
  let sink: MessageSink = { head() {}, piece() {}, end() {} };
  const feed = messageReader({
    head: (text) => sink.head(text),
    piece: (bytes) => sink.piece(bytes),
    end: () => sink.end(),
  });
  let open = true;
  function lost() {
    if (!open) return;
    open = false;
    onLost();
  }
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { data: (_, bytes) => feed(bytes), close: lost, error: lost },
  });
  return {
    send: (request) => {
      if (socket.write(request) < request.length) socket.terminate();
    },
    receive: (next) => {
      sink = next;
    },
    close: () => {
      open = false;
      socket.terminate();
    },
    leave: () => {
      open = false;
      socket.end();
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

/** Connects and initializes. `onLost` is called when the connection ends without having been closed here. */
export async function openSession(origin: string, path: string, onLost: () => void): Promise<Session> {
  const { host } = new URL(origin);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { send, receive, close, leave } = await openConnection(origin, () => {
    reject(new Error(`${origin} closed the connection during initialize`));
    onLost();
  });
  receive(initializeAnswer(resolve, reject));
  const timeout = setTimeout(
    () => reject(new Error(`${origin}${path} did not answer initialize in time`)),
    initializeTimeoutMs,
  );
  send(requestHead({ method: "POST", path, host }, initialize.length) + initialize);
  const sessionId = await promise.finally(() => clearTimeout(timeout));
  const head: Session["head"] = (method, bodyBytes, fields) =>
    requestHead({ method, path, host, sessionId }, bodyBytes, fields);
  return { send, receive, close, leave, head };
}

const initializeTimeoutMs = 10_000;
export const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
});

function initializeAnswer(resolve: (sessionId: string) => void, reject: (error: Error) => void): MessageSink {
  let head = "";
  let body = "";
  return {
    head: (text) => {
      head = text;
    },
    piece: (bytes) => {
      body += bytes.toString("latin1");
    },
    end: () => {
      const sessionId = field(head, "mcp-session-id");
      if (/^HTTP\/1\.1 200 /.test(head) && sessionId !== undefined) resolve(sessionId);
      else reject(new Error(`initialize was answered with:\n${head}\n\n${body}`));
    },
  };
}

/** Up to and with the empty line. `fields`: more of them, each with its line end. */
export function requestHead(
  at: { method: string; path: string; host: string; sessionId?: string | undefined },
  bodyBytes: number,
  fields = "",
) {
  const lines = [`${at.method} ${at.path} HTTP/1.1`, `Host: ${at.host}`];
  if (at.method === "GET") lines.push("Accept: text/event-stream");
  else
    lines.push(
      "Accept: application/json, text/event-stream",
      "Content-Type: application/json",
      `Content-Length: ${bodyBytes}`,
    );
  if (at.sessionId !== undefined) lines.push("MCP-Protocol-Version: 2025-11-25", `Mcp-Session-Id: ${at.sessionId}`);
  return `${lines.join("\r\n")}\r\n${fields}\r\n`;
}
