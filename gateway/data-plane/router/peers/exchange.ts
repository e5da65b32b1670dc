import { isObject } from "../../message.ts";
import type { Events } from "../../../observe/events.ts";
import type { Call } from "../../exchange.ts";
import type { ListKind } from "../peer.ts";
import { endingWith, pause } from "./ending.ts";
import type { PeerLimits } from "./limits.ts";
import { type Read, readMessages, Unreadable } from "./messages.ts";
import { type Refusal, refusalIn } from "./refusal.ts";
import {
  callOf,
  httpRequest,
  type Peer,
  requestHeaders,
  type RpcMessage,
  type RpcRequest,
  rpcRequest,
} from "./wire.ts";

/**
 * What became of a request. `refused`: by its HTTP status, and not in an answer to it; with a 4xx it was not carried out
 * unless the body says otherwise. `failed`: nobody knows whether it was carried out.
 */
export type Asked =
  | { readonly state: "result"; readonly result: RpcMessage; readonly session: string | undefined }
  | { readonly state: "error"; readonly error: RpcError }
  | ({ readonly state: "refused" } & Refusal)
  | { readonly state: "failed"; readonly reason: string; readonly cause?: unknown };

export type RpcError = { code: number; message: string; data?: unknown };

export type Asking = {
  readonly signal: AbortSignal;
  /** `Mcp-Param-*` */
  readonly headers?: Readonly<Record<string, string>>;
  readonly onNotification?: (method: string, params: RpcMessage) => void;
};

export type PeerExchange = ReturnType<typeof peerExchange>;

/** How long a server that has ended a stream wants it to rest, if it does not say; and the longest that is heard. */
const retryMs = { usual: 1000, longest: 30_000 };

/**
 * One message and what comes back, over the data plane's proxy. `closing` ends everything; `own` takes what goes on in
 * the background.
 */
export function peerExchange({
  proxy,
  limits,
  closing,
  own,
  events,
}: {
  proxy: (request: Request, call: Call) => Promise<Response>;
  limits: PeerLimits;
  closing: AbortSignal;
  own: (work: Promise<unknown>) => void;
  events: Pick<Events, "upstreamFailed">;
}) {
  let lastId = 0;
  return { ask, tell, openStream, listen, answerServer };

  async function ask(peer: Peer, request: RpcRequest, asking: Asking): Promise<Asked> {
    const id = ++lastId;
    const over = endingWith([asking.signal, closing]);
    const { answer, rest } = await askUntil(peer, request, id, { ...asking, signal: over.signal });
    own(rest.finally(() => over[Symbol.dispose]()));
    if (answer.state === "result" || answer.state === "error") return answer;
    if (!over.signal.aborted) {
      if (answer.state === "failed") note(peer, answer);
      return answer;
    }
    const cancelled = { requestId: id, reason: "The client has cancelled it, or gone" };
    // A modern server takes the end of the stream for it; without a session there is nobody who could know the id.
    if (sessionOf(peer) !== undefined) own(tell(peer, { method: "notifications/cancelled", params: cancelled }));
    return { state: "failed", reason: closing.aborted ? "The gateway is closing" : "The request was cancelled" };
  }

  async function askUntil(peer: Peer, request: RpcRequest, id: number, asking: Asking): Promise<Outcome> {
    const { signal, headers = {} } = asking;
    try {
      const repeated = peer.wire.era === "modern" ? { ...headers, ...requestHeaders(request) } : {};
      const response = await proxy(httpRequest(peer, rpcRequest(id, request, peer), signal, repeated), callOf(peer));
      return response.ok ? await answerIn(response, peer, id, asking) : settled(await refused(response, peer, id));
    } catch (error) {
      return settled(failed("The request could not be made", error));
    }
  }

  /** Follows an answer over the streams it comes on: servers of 2025-11-25 may leave one and go on on the next. */
  async function answerIn(first: Response, peer: Peer, id: number, asking: Asking): Promise<Outcome> {
    const { signal, onNotification = () => {} } = asking;
    const session = first.headers.get("mcp-session-id") ?? undefined;
    let answer: Asked | undefined;
    let requests = 0;
    const onRequest = (message: RpcMessage) => {
      if (++requests > limits.serverRequests) throw new Unreadable("The MCP server asks its client for too much");
      answerServer(peer, message);
    };
    const take = (message: unknown): boolean => {
      const response = responseIn(message, onNotification, onRequest);
      // A POST carries one request, so an error without an id can only be about that.
      if (response && (response.id === id || (isObject(response.error) && response.id == null)))
        answer = answerOf(response, session);
      return answer !== undefined;
    };
    const reading = { take, maxBytes: limits.answerBytes, maxEventBytes: limits.answerBytes, signal };

    let response = first;
    for (let resumed = 0; ; resumed++) {
      const read = await readMessages(response, reading);
      if (answer) return { answer, rest: read.state === "taken" ? read.rest : Promise.resolve() };
      if (read.state === "unreadable") return settled(failed(read.reason));
      const next = resumed < limits.resumptions ? await resume(peer, read, signal) : undefined;
      if (!next) return settled(failed("The MCP server broke off before it answered"));
      response = next;
    }
  }

  async function resume(peer: Peer, read: Read, signal: AbortSignal): Promise<Response | undefined> {
    if (read.state !== "ended" || read.lastEventId === undefined || sessionOf(peer) === undefined) return undefined;
    await pause(Math.min(read.retryMs ?? retryMs.usual, retryMs.longest), signal);
    if (signal.aborted) return undefined;
    const response = await openStream(peer, signal, read.lastEventId);
    if (response.ok) return response;
    void response.body?.cancel().catch(() => {});
    return undefined;
  }

  /** A session's GET stream. */
  function openStream(peer: Peer, signal: AbortSignal, lastEventId?: string): Promise<Response> {
    const from: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    return proxy(httpRequest(peer, "open-stream", signal, from), callOf(peer));
  }

  /** What a modern server has instead: `subscriptions/listen`. */
  function listen(peer: Peer, lists: readonly ListKind[], signal: AbortSignal): Promise<Response> {
    const notifications = Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true]));
    const request = { method: "subscriptions/listen", params: { notifications } };
    const body = rpcRequest(++lastId, request, peer);
    return proxy(httpRequest(peer, body, signal, requestHeaders(request)), callOf(peer));
  }

  /** Sends what has no answer: a notification, an answer to the server. It goes out when all else is closing, too. */
  async function tell(peer: Peer, message: RpcMessage | "end-session"): Promise<void> {
    using over = endingWith([], limits.tellMs);
    try {
      const body = message === "end-session" ? message : { jsonrpc: "2.0", ...message };
      const response = await proxy(httpRequest(peer, body, over.signal), callOf(peer));
      await response.body?.cancel();
    } catch {
      // The server will notice that nobody asks any more.
    }
  }

  function note({ adapter, caller }: Peer, { reason, cause }: Extract<Asked, { state: "failed" }>): void {
    const why = cause instanceof Error ? `${reason}: ${cause.message}` : reason;
    events.upstreamFailed({ requestId: caller.requestId, adapter, replica: "unknown", reason: why });
  }

  /** Lets a server that asks its client for something know, in words, that this client is a router. */
  function answerServer(peer: Peer, { id, method }: RpcMessage): void {
    if (typeof id !== "string" && typeof id !== "number") return;
    if (sessionOf(peer) === undefined) {
      throw new Unreadable(`The MCP server asks its client for ${method}, which the tool router cannot carry`);
    }
    const message = `The tool router cannot carry ${method} to its client: this server has to do without`;
    own(tell(peer, method === "ping" ? { id, result: {} } : { id, error: { code: -32601, message } }));
  }
}

type Outcome = { readonly answer: Asked; readonly rest: Promise<void> };

const settled = (answer: Asked): Outcome => ({ answer, rest: Promise.resolve() });
const failed = (reason: string, cause?: unknown): Asked => ({ state: "failed", reason, cause });

function sessionOf({ wire }: Peer): string | undefined {
  return wire.era === "legacy" ? wire.session : undefined;
}

const revisionUnsupported = -32022;

async function refused(response: Response, { wire }: Peer, id: number): Promise<Asked> {
  const { message, ...refusal } = await refusalIn(response);
  // What the status means in each era: a session that is over, or a request that is not understood.
  const isOfSession = wire.era === "legacy" && wire.session !== undefined && response.status === 404;
  const isOfEra = refusal.error?.code === revisionUnsupported;
  if (message?.id !== id || isOfSession || isOfEra) return { state: "refused", ...refusal };
  return answerOf(message, undefined);
}

/** Hands on what the server says of itself or asks for. */
function responseIn(
  message: unknown,
  onNotification: (method: string, params: RpcMessage) => void,
  onRequest: (message: RpcMessage) => void,
): RpcMessage | undefined {
  if (!isObject(message)) throw new Unreadable("The MCP server answered with something that is not JSON-RPC");
  const { method, params } = message;
  if (typeof method !== "string") return message;
  if ("id" in message) onRequest(message);
  else onNotification(method, isObject(params) ? params : {});
  return undefined;
}

function answerOf({ result, error }: RpcMessage, session: string | undefined): Asked {
  if (isObject(result)) return { state: "result", result, session };
  if (!isObject(error) || typeof error.code !== "number" || typeof error.message !== "string") {
    return failed("The MCP server answered with neither a result nor an error");
  }
  const { code, message, data } = error;
  return { state: "error", error: { code, message, ...(data !== undefined && { data }) } };
}
