import { randomUUID } from "node:crypto";
import {
  isInitializeRequest,
  readRequestBody,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { type EventLogLimits, eventLog } from "./event-log.ts";
import { failure } from "./json-rpc-failure.ts";
import { watchedStream } from "./open-stream.ts";

export type SessionLimits = {
  readonly sessions: number;
  /** A session without an open stream and without a pending request ends after so long. */
  readonly idleMs: number;
  readonly bodyBytes: number;
  /** What one stream may hold for a client that does not read. */
  readonly unreadBytes: number;
  readonly log: EventLogLimits;
};

export const sessionLimits: SessionLimits = {
  sessions: 64,
  idleMs: 30 * 60_000,
  bodyBytes: 16 * 1024 * 1024,
  unreadBytes: 16 * 1024 * 1024,
  log: { events: 1_000, length: 8 * 1024 * 1024 },
};

/** What stands behind one session's transport. */
export type Served = {
  /** Requests that have no answer yet. */
  pending(): number;
  /** The client has opened the session's own stream for the first time: before, nothing can be sent on it. */
  listening?(): void;
  /** The session is over; resolves when nothing of it is left. */
  end(): Promise<void>;
};

type Session = {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly served: Served;
  streams: number;
  listening: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
};

const busyRetrySeconds = 30;

/**
 * MCP sessions over streamable HTTP, revisions 2025-03-26 to 2025-11-25. `open` puts a server behind a new session's transport;
 * when it throws, the client reads why.
 */
export function mcpSessions(options: {
  open: (transport: WebStandardStreamableHTTPServerTransport, id: string) => Promise<Served>;
  limits: SessionLimits;
}) {
  const { limits } = options;
  const sessions = new Map<string, Session>();
  const ending = new Set<Promise<void>>();
  let opening = 0;

  async function fetch(request: Request): Promise<Response> {
    const body = request.method === "POST" ? await readJson(request, limits.bodyBytes) : { state: "none" as const };
    if (body.state === "failed") return body.response;
    const parsedBody = body.state === "read" ? body.value : undefined;

    const id = request.headers.get("mcp-session-id");
    if (id === null) return isInitializeRequest(parsedBody) ? await begin(request, parsedBody) : sessionRequired();
    const session = sessions.get(id);
    if (session === undefined) return failure(404, -32001, "Session not found");
    return await serve(session, id, request, parsedBody);
  }

  async function begin(request: Request, parsedBody: unknown): Promise<Response> {
    if (sessions.size + opening >= limits.sessions) {
      const wait = { "Retry-After": String(busyRetrySeconds) };
      return failure(503, -32000, `All ${limits.sessions} sessions of this replica are in use`, wait);
    }
    const id = randomUUID();
    let failed: { message: string } | undefined;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      eventStore: eventLog(limits.log),
      async onsessioninitialized() {
        try {
          const served = await options.open(transport, id);
          sessions.set(id, { transport, served, streams: 0, listening: false, timer: undefined });
        } catch (error) {
          failed = { message: error instanceof Error ? error.message : String(error) };
        }
      },
      onsessionclosed: () => end(id),
    });
    opening += 1;
    const response = await transport.handleRequest(request, { parsedBody }).finally(() => {
      opening -= 1;
    });
    const session = sessions.get(id);
    if (session !== undefined) return watchedStream(response, limits.unreadBytes, hold(session, id));
    await transport.close();
    return failed === undefined ? response : failure(502, -32000, `The MCP server did not start: ${failed.message}`);
  }

  async function serve(session: Session, id: string, request: Request, parsedBody: unknown): Promise<Response> {
    const release = hold(session, id);
    try {
      const response = await session.transport.handleRequest(request, { parsedBody });
      if (request.method === "GET" && response.ok && !session.listening) {
        session.listening = true;
        session.served.listening?.();
      }
      return watchedStream(response, limits.unreadBytes, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Keeps the session from being idle until the returned function is called. */
  function hold(session: Session, id: string): () => void {
    session.streams += 1;
    clearTimeout(session.timer);
    return () => {
      session.streams -= 1;
      rest(session, id);
    };
  }

  function rest(session: Session, id: string): void {
    clearTimeout(session.timer);
    if (session.streams > 0 || sessions.get(id) !== session) return;
    session.timer = setTimeout(() => {
      if (session.served.pending() > 0) rest(session, id);
      else void end(id);
    }, limits.idleMs);
  }

  /** Later requests find no session; the client need not wait for what stands behind it to be gone. */
  function end(id: string): void {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    clearTimeout(session.timer);
    const ended = session.served.end().then(() => void ending.delete(ended));
    ending.add(ended);
  }

  return {
    fetch,
    end,
    count: () => sessions.size,
    async dispose(): Promise<void> {
      for (const id of [...sessions.keys()]) end(id);
      await Promise.all(ending);
    },
  };
}

/** 400 and not 404: a client that asks for the revision without sessions (`server/discover`) then falls back to `initialize`. */
function sessionRequired(): Response {
  return failure(400, -32000, "Bad Request: begin with initialize, then send Mcp-Session-Id");
}

async function readJson(
  request: Request,
  maxBytes: number,
): Promise<{ state: "read"; value: unknown } | { state: "failed"; response: Response }> {
  const body = await readRequestBody(request, maxBytes);
  if (body.tooLarge)
    return { state: "failed", response: failure(413, -32000, `The body is larger than ${maxBytes} bytes`) };
  try {
    return { state: "read", value: JSON.parse(body.text) };
  } catch {
    return { state: "failed", response: failure(400, -32700, "The body is not JSON") };
  }
}
