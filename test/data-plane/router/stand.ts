import { randomBytes } from "node:crypto";
import { accessRules } from "../../../gateway/auth/access.ts";
import { forwardBySocket } from "../../../gateway/data-plane/forward.ts";
import { callLimits, type LimitSettings } from "../../../gateway/data-plane/limits/call-limits.ts";
import { proxy } from "../../../gateway/data-plane/proxy.ts";
import { replicasOf } from "../../../gateway/data-plane/replicas.ts";
import type { Caller } from "../../../gateway/data-plane/router/caller.ts";
import type { PeerAnswer, PeerNotification, Peers } from "../../../gateway/data-plane/router/peer.ts";
import { type PeerLimits, usualPeerLimits } from "../../../gateway/data-plane/router/peers/limits.ts";
import { peers } from "../../../gateway/data-plane/router/peers/peers.ts";
import { seal } from "../../../gateway/data-plane/seal.ts";
import { eventsTo } from "../../../gateway/observe/events.ts";
import { openLog } from "../../../gateway/observe/logs/log.ts";
import type { Resource } from "../../../gateway/store/store.ts";
import { endpointAt, staticRuntime } from "../../support/static-runtime.ts";
import { type Seen, unseen } from "../../../gateway/data-plane/seen.ts";
import { liveSessions } from "../../../gateway/data-plane/live-sessions.ts";
import { sessionWatch } from "../../../gateway/data-plane/session-watch.ts";

/** The router's peers before the data plane as it is, and an adapter "x" whose replicas the test names. */
export type Stand = AsyncDisposable & {
  readonly peers: Peers;
  readonly adapter: Resource<"adapter">;
  /** Writes the record. */
  update(changes?: Partial<Resource<"adapter">["body"]>): void;
  setReplicas(...urls: readonly string[]): void;
  /** Asks in the caller's name, with what the server says before it answers. */
  ask(method: string, params?: Record<string, unknown>, asking?: Asking): Promise<PeerAnswer>;
  call(tool: string, args?: Record<string, unknown>, asking?: Asking): Promise<PeerAnswer>;
  /** Every request that reached the data plane, as `POST tools/call` and the like. */
  readonly passed: string[];
  readonly failures: string[];
};

export type Asking = {
  caller?: Partial<Caller>;
  heard?: PeerNotification[];
  signal?: AbortSignal;
  headers?: Record<string, string>;
};

export const alice: Caller = {
  principal: { key: "dev:alice", id: "alice", name: "Alice", roles: ["mcp.dev"] },
  expiresAtMs: undefined,
  address: "127.0.0.1",
  requestId: "abc-1",
  origin: "http://127.0.0.1:8000",
  era: "modern",
  trace: {},
  capabilities: {},
  logLevel: undefined,
  signal: new AbortController().signal,
  seen: unseen,
};

export function principal(id: string, ...roles: string[]): Caller["principal"] {
  return { key: `dev:${id}`, id, name: id, roles: roles.length > 0 ? roles : ["mcp.dev"] };
}

export function peerStand(changed: Partial<PeerLimits> = {}, settings: Partial<LimitSettings> = {}): Stand {
  const stack = new DisposableStack();
  const upstreams = stack.use(forwardBySocket({ connectMs: 1000, idleMs: 4000, maxIdle: 8, maxOpen: 500 }, Date.now));
  const runtime = staticRuntime([]);
  void runtime.apply({ name: "x" } as Parameters<typeof runtime.apply>[0]);
  let adapter = adapterNamed("x");
  const passed: string[] = [];
  const failures: string[] = [];
  const seen: Seen = { ...unseen, read: ({ method }) => void passed.push(method) };
  const silent = eventsTo(openLog("silent"));
  const dataPlane = proxy({
    guards: undefined,
    access: accessRules({ admin: "mcp.admin", workloadIdentity: [] }),
    view: { get: (_kind, name) => (name === adapter.name ? (adapter as never) : undefined) },
    replicas: replicasOf(runtime.endpoints),
    seal: seal({ secrets: ["a key of thirty-two characters for tests"], now: Date.now, randomBytes }),
    forward: upstreams.forward,
    callLimits: callLimits({
      settings: { requestsPerMinute: undefined, streams: undefined, sessions: undefined, ...settings },
      now: Date.now,
    }),
    sessions: sessionWatch({ sessions: liveSessions(Date.now), events: silent }),
    events: silent,
    limits: { maxBodyBytes: 1024 * 1024, holdMs: 100, newsMs: 100 },
    closing: new AbortController().signal,
    now: Date.now,
    nonce: () => Math.random().toString(36),
  });
  const pool = peers({
    proxy: (request, call) => dataPlane(request, { ...call, seen }),
    now: Date.now,
    events: { upstreamFailed: ({ reason }) => void failures.push(reason) },
    limits: { ...usualPeerLimits, ...changed },
  });
  const ask: Stand["ask"] = (method, params = {}, { caller, heard, signal, headers } = {}) =>
    pool.request(
      adapter,
      { ...alice, ...caller },
      {
        method,
        params,
        ...(headers && { headers }),
        signal: signal ?? new AbortController().signal,
        ...(heard && { onNotification: (notification) => void heard.push(notification) }),
      },
    );
  return {
    peers: pool,
    get adapter() {
      return adapter;
    },
    update(changes = {}) {
      adapter = { ...adapter, revision: adapter.revision + 1, body: { ...adapter.body, ...changes } };
    },
    setReplicas: (...urls) => runtime.set(urls.map((url, i) => endpointAt(new URL(url).origin, `x-${i}`))),
    ask,
    call: (tool, args = {}, asking) => ask("tools/call", { name: tool, arguments: args }, asking),
    passed,
    failures,
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      stack.dispose();
    },
  };
}

function adapterNamed(name: string): Resource<"adapter"> {
  const body = { name, createdBy: "root", requiredRoles: ["mcp.dev"], replicaCount: 1, affinity: "principal" };
  return { kind: "adapter", name, uid: crypto.randomUUID(), revision: 1, deleting: false, body: body as never };
}

/** What a call gave, if it gave one. */
export function structuredIn(answer: PeerAnswer): Record<string, unknown> {
  if (answer.state !== "result") throw new Error(JSON.stringify(answer));
  return answer.result.structuredContent as Record<string, unknown>;
}

export function textIn(answer: PeerAnswer): string {
  if (answer.state !== "result") throw new Error(JSON.stringify(answer));
  return (answer.result.content as { text: string }[])[0]?.text ?? "";
}

export type Message = { id?: number; method?: string; params?: Record<string, unknown> } & Record<string, unknown>;
export type Scripted = AsyncDisposable & {
  readonly url: string;
  /** What it was sent: the messages, and `GET` or `DELETE`. */
  readonly got: (Message | string)[];
  readonly requests: { readonly method: string; readonly headers: Headers }[];
};

/** An MCP server reduced to what the test makes it say. The message of GET and DELETE is empty. */
export function scripted(answer: (message: Message, request: Request) => Response | Promise<Response>): Scripted {
  const got: (Message | string)[] = [];
  const requests: { method: string; headers: Headers }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      // Bun's request forgets them once it is answered.
      requests.push({ method: request.method, headers: new Headers(request.headers) });
      if (request.method !== "POST") {
        got.push(request.method);
        return answer({}, request);
      }
      // All of it is read: Bun closes a connection on which something is left.
      const { url, method, headers, signal } = request;
      const body = await request.text();
      const message = JSON.parse(body) as Message;
      got.push(message);
      return answer(message, new Request(url, { method, headers, body, signal }));
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/mcp`,
    got,
    requests,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

export const methodsOf = ({ got }: Scripted) =>
  got.map((one) => (typeof one === "string" ? one : (one.method ?? "response")));

/** A legacy server that opens (a session, if it has an id), and leaves the rest to the test. */
export function legacyAnswers(
  rest: (message: Message, request: Request) => Response | Promise<Response>,
  { session, capabilities = {} }: { session?: () => string; capabilities?: Record<string, unknown> } = {},
) {
  return (message: Message, request: Request): Response | Promise<Response> => {
    if (message.method === "server/discover") return rpcError(null, -32000, "Server not initialized", 400);
    if (message.method === "notifications/initialized") return new Response(null, { status: 202 });
    if (message.method !== "initialize") return rest(message, request);
    const result = { protocolVersion: "2025-11-25", capabilities, serverInfo: { name: "s", version: "1" } };
    return Response.json(
      { jsonrpc: "2.0", id: message.id, result },
      session && { headers: { "mcp-session-id": session() } },
    );
  };
}

/**
 * The server at this URL as it was before 2026-07-28. A dead server is a 502 (Bun fails the test in which a server's handler
 * rejects).
 */
export function legacyOnly(url: string) {
  return ({ method }: Message, { method: verb, headers, body, signal }: Request): Response | Promise<Response> =>
    method === "server/discover"
      ? rpcError(null, -32000, "Server not initialized", 400)
      : fetch(url, { method: verb, headers, body, signal }).catch(() => new Response(null, { status: 502 }));
}

/** A modern server that says what it is, and leaves the rest to the test. */
export function modernAnswers(
  rest: (message: Message, request: Request) => Response | Promise<Response>,
  capabilities: Record<string, unknown> = {},
) {
  return (message: Message, request: Request): Response | Promise<Response> => {
    if (message.method === "initialize") return rpcError(null, -32022, "Unsupported protocol version", 400);
    if (message.method !== "server/discover") return rest(message, request);
    return result(message, { resultType: "complete", supportedVersions: ["2026-07-28"], capabilities, ttlMs: 0 });
  };
}

export function result({ id }: Message, result: Record<string, unknown>): Response {
  return Response.json({ jsonrpc: "2.0", id, result });
}

export function rpcError(id: number | null, code: number, message: string, status = 200): Response {
  return Response.json({ jsonrpc: "2.0", id, error: { code, message } }, { status });
}

/** An event stream; what is not text is sent as a message. */
export function events(...parts: (string | object)[]): Response {
  const text = parts.map((part) => (typeof part === "string" ? part : `data: ${JSON.stringify(part)}\n\n`)).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}
