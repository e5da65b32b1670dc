import type { Access } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import type { Events } from "../observe/events.ts";
import type { View } from "../store/view.ts";
import { answers } from "./answers.ts";
import { readBody } from "./body.ts";
import { type Delivered, type DeliveryLimits, delivery } from "./delivery.ts";
import { announced } from "./event-stream.ts";
import type { Forward, UpstreamRequest } from "./forward.ts";
import { cleanAnswer, upstreamHeaders } from "./headers.ts";
import type { Message } from "./message.ts";
import type { Replicas } from "./replicas.ts";
import { type Route, routeOf } from "./route.ts";
import type { Scope, Seal } from "./seal.ts";

/** Who calls which adapter, as the front door found out. */
export type Call = {
  readonly adapter: string;
  readonly principal: Principal;
  readonly requestId: string;
  /** The client's IP address. */
  readonly address: string;
};

export type ProxyLimits = DeliveryLimits & { readonly maxBodyBytes: number };

/** The one path every MCP server is asked at, as behind the Microsoft gateway. */
const upstreamPath = "/mcp";
const retryAfterSeconds = 2;

/**
 * The data plane: one MCP request (streamable HTTP, revisions 2025-03-26 to 2026-07-28) to the right replica of one
 * adapter, its answer streaming back untouched. Reads memory only: no store, no cluster. `closing` ends event streams,
 * which would otherwise keep a stopping gateway.
 */
export function proxy({
  access,
  view,
  replicas,
  seal,
  forward,
  events,
  limits,
  closing,
  now,
  nonce,
}: {
  access: Pick<Access, "may">;
  view: Pick<View, "get">;
  replicas: Replicas;
  seal: Seal;
  forward: Forward;
  events: Events;
  limits: ProxyLimits;
  closing: AbortSignal;
  now: () => number;
  nonce: () => string;
}): (request: Request, call: Call) => Promise<Response> {
  const deliver = delivery({ replicas, forward, limits });

  return async (request, call) => {
    const adapter = view.get("adapter", call.adapter);
    if (!adapter || adapter.deleting) return answers.noAdapter();
    if (!access.may(call.principal, "read", adapter.body)) return answers.forbidden();
    const body = await readBody(request, limits.maxBodyBytes);
    if (body.state === "too-large") return answers.tooLarge(limits.maxBodyBytes);
    if (body.state === "malformed") return answers.malformed();

    const startedMs = now();
    const { message } = body;
    const scope = { adapterUid: adapter.uid, principalKey: call.principal.key };
    const route = routeOf(message, request.headers.get("mcp-session-id"), adapter, scope, { replicas, seal, nonce });
    if (route.state === "lost") {
      events.sessionRefused({ requestId: call.requestId, adapter: adapter.name, reason: route.reason });
      return answers.noSession();
    }
    const upstream = upstreamRequest(request, body.text, message, route, call);
    const delivered =
      route.state === "pinned"
        ? await deliver.toPinned(upstream, adapter.name, route)
        : await deliver.toReady(upstream, adapter.name, route, adapter.body.replicaCount > 0 ? limits.holdMs : 0);
    const response = answerTo(delivered, route, message, scope, call);
    events.mcpRequest({
      requestId: call.requestId,
      adapter: adapter.name,
      method: message.method,
      replica: "endpoint" in delivered ? delivered.endpoint.name : "",
      status: response.status,
      ms: now() - startedMs,
    });
    return response;
  };

  function upstreamRequest(
    request: Request,
    body: string | null,
    message: Message,
    route: Route,
    call: Call,
  ): UpstreamRequest {
    const query = request.url.indexOf("?");
    const isStream = request.method === "GET" || message.method === "subscriptions/listen";
    return {
      method: request.method,
      target: query < 0 ? upstreamPath : upstreamPath + request.url.slice(query),
      headers: upstreamHeaders(request.headers, {
        principal: call.principal,
        address: call.address,
        origin: request.url.slice(0, request.url.indexOf("/", "https://".length)),
        era: message.era,
        session: route.state === "pinned" ? route.session : undefined,
      }),
      body,
      signal: isStream ? AbortSignal.any([request.signal, closing]) : request.signal,
    };
  }

  function answerTo(delivered: Delivered, route: Route, message: Message, scope: Scope, call: Call): Response {
    switch (delivered.state) {
      case "answered": {
        const { headers } = delivered.response;
        const session = message.era === "legacy" ? headers.get("mcp-session-id") : null;
        cleanAnswer(headers);
        if (session !== null) headers.set("mcp-session-id", sealed(session, delivered.endpoint.id, route, scope));
        const isSilentPerhaps =
          message.method === "GET" && headers.get("content-type")?.startsWith("text/event-stream");
        return isSilentPerhaps ? announced(delivered.response) : delivered.response;
      }
      case "lost":
        events.sessionRefused({
          requestId: call.requestId,
          adapter: call.adapter,
          reason: "its replica has just gone",
        });
        return answers.noSession();
      case "broken": {
        const { endpoint, reason } = delivered;
        events.upstreamFailed({ requestId: call.requestId, adapter: call.adapter, replica: endpoint.name, reason });
        return answers.broken();
      }
      case "unready":
        events.noReplicaReady({ requestId: call.requestId, adapter: call.adapter });
        return answers.notReady(retryAfterSeconds);
      case "abandoned":
        return answers.abandoned();
    }
  }

  /** A server that echoes the session's id gives the client the sealed one it has; a new id is sealed. */
  function sealed(session: string, replica: string, route: Route, scope: Scope): string {
    if (route.state === "pinned" && route.session === session) return route.sealed;
    return seal.close({ replica, session, issuedAtMs: now() }, scope);
  }
}
