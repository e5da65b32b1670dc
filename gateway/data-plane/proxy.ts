import type { Access } from "../auth/access.ts";
import { fieldsOf } from "../auth/header-fields.ts";
import type { Events } from "../observe/events.ts";
import type { Endpoint } from "../runtime/runtime.ts";
import type { View } from "../store/view.ts";
import { answers } from "./answers.ts";
import { readBody } from "./body.ts";
import { type Delivered, type DeliveryLimits, delivery } from "./delivery.ts";
import type { Call, Exchange } from "./exchange.ts";
import type { Forward } from "./forward.ts";
import type { Guards } from "./guards.ts";
import type { Admitted, CallLimits } from "./limits/call-limits.ts";
import { limitedAnswer } from "./limits/limited.ts";
import type { Replicas } from "./replicas.ts";
import { type Route, routeOf } from "./route.ts";
import type { Scope, Seal } from "./seal.ts";
import type { SessionWatch } from "./session-watch.ts";
import { filterToolLists } from "./tool-filter.ts";
import { toolIn } from "./tool-name.ts";
import { listIdsIn, refusal, refusedCall, toolAccess } from "./tool-policy.ts";
import { fieldOf } from "./upstream/answer.ts";
import { upstreamRequest } from "./upstream-request.ts";

export type ProxyLimits = DeliveryLimits & { readonly maxBodyBytes: number };

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
  guards,
  callLimits,
  sessions,
  events,
  limits,
  closing,
  now,
  nonce,
}: {
  access: Pick<Access, "may" | "isAdmin">;
  view: Pick<View, "get">;
  replicas: Replicas;
  seal: Seal;
  forward: Forward;
  guards: Guards | undefined;
  callLimits: CallLimits;
  sessions: SessionWatch;
  events: Events;
  limits: ProxyLimits;
  closing: AbortSignal;
  now: () => number;
  nonce: () => string;
}): (request: Request, call: Call) => Promise<Response> {
  const deliver = delivery({ replicas, forward: guards ? guards.past(forward) : forward, limits });
  const routing = { replicas, seal, nonce };
  const sending = { closing, now, guards };

  return async (request, call) => {
    const { seen } = call;
    const adapter = view.get("adapter", call.adapter);
    if (!adapter || adapter.deleting) return answers.noAdapter();
    seen.reached(adapter.name);
    if (!access.may(call.principal, "read", adapter.body)) return answers.forbidden();
    const { headers = fieldsOf(request) } = call;
    const body = await readBody(request, headers, limits.maxBodyBytes, seen);
    if (body.state === "too-large") return answers.tooLarge(limits.maxBodyBytes);
    if (body.state === "malformed") return answers.malformed();
    call.silence?.whole();

    const { text, json, message } = body;
    const { method } = message;
    seen.read({ method, tool: toolIn(method, json), text, json, headers });
    const tools = toolAccess(adapter.body.allowedTools, call.principal, access);
    const sessionId = headers["mcp-session-id"] ?? null;
    const exchange: Exchange = { request, headers, call, adapter, text, json, message, sessionId, tools };
    const refused = tools === "all" ? undefined : refusedCall(json, tools);
    if (method === "tools/call" || method === "batch") seen.calls(exchange, refused ? "refused" : "passed-on");
    return refused ? refuseTool(exchange, refused.tool) : await carryOut(exchange);
  };

  function refuseTool({ call, tools, json }: Exchange, tool: string): Response {
    events.toolRefused({ requestId: call.requestId, adapter: call.adapter, tool });
    return refusal(json, tools === "all" ? new Set() : tools);
  }

  async function carryOut(exchange: Exchange): Promise<Response> {
    const { request, call, adapter, message, sessionId } = exchange;
    const principalKey = call.principal.key;
    const scope = { adapterUid: adapter.uid, principalKey };
    const route = routeOf(message, sessionId, adapter, scope, routing);
    if (route.state === "lost") {
      sessions.lost(call, route.sealed, route.reason);
      callLimits.lost({ principalKey, adapter: adapter.name }, route.sealed);
      return answers.noSession();
    }
    if (route.state === "pinned") sessions.used(call, route);
    const admission = callLimits.admit({
      principalKey,
      adapter: adapter.name,
      httpMethod: request.method,
      method: message.method,
      session: route.state === "pinned" ? route.sealed : undefined,
      cost: Array.isArray(exchange.json) ? exchange.json.length : 1,
    });
    if (admission.state === "limited") {
      events.callLimited({ requestId: call.requestId, adapter: adapter.name, what: admission.what });
      return limitedAnswer(admission, `adapter "${adapter.name}"`);
    }
    using admitted = admission;
    const upstream = upstreamRequest(exchange, route, sending);
    if (!upstream) return answers.malformed();
    const holdMs = adapter.body.replicaCount > 0 ? limits.holdMs : 0;
    const delivered =
      route.state === "pinned"
        ? await deliver.toPinned(upstream, adapter.name, route)
        : await deliver.toReady(upstream, adapter.name, route, holdMs);
    return answerTo(delivered, exchange, route, scope, admitted);
  }

  function answerTo(
    delivered: Delivered,
    exchange: Exchange,
    route: Route,
    scope: Scope,
    admitted: Admitted,
  ): Response {
    const { call } = exchange;
    const { requestId, adapter } = call;
    switch (delivered.state) {
      case "answered": {
        const { tools, message } = exchange;
        const response =
          tools === "all" || message.method === "DELETE"
            ? delivered.response
            : withoutForbidden(delivered, exchange, tools);
        const session = message.era === "legacy" ? fieldOf(delivered.head, "mcp-session-id") : undefined;
        if (route.state === "pinned") sessions.answered(call, route, exchange.request.method, response.status);
        if (session !== undefined) {
          response.headers.set("mcp-session-id", sealed(session, delivered.endpoint, { call, route, scope }));
        }
        return admitted.answered(response);
      }
      case "lost":
        if (route.state === "pinned") sessions.lost(call, route.sealed, "replica-gone");
        return admitted.answered(answers.noSession(delivered));
      case "broken":
        events.upstreamFailed({ requestId, adapter, replica: delivered.endpoint.name, reason: delivered.reason });
        return answers.broken();
      case "unready":
        events.noReplicaReady({ requestId, adapter });
        return answers.notReady(retryAfterSeconds);
      case "abandoned":
        return answers.abandoned();
    }
  }

  /** Without the tools that the caller may not see; in a session any stream may carry any list. */
  function withoutForbidden(
    { response, endpoint }: Extract<Delivered, { state: "answered" }>,
    { json, call }: Exchange,
    tools: ReadonlySet<string>,
  ): Response {
    const { requestId, adapter } = call;
    const refused = (reason: string) => events.upstreamFailed({ requestId, adapter, replica: endpoint.name, reason });
    return filterToolLists(response, tools, listIdsIn(json), { others: "by-shape", refused });
  }

  /** A server that echoes the session's id gives the client the sealed one it has; a new id is sealed. */
  function sealed(
    session: string,
    { id, name }: Endpoint,
    { call, route, scope }: { call: Call; route: Route; scope: Scope },
  ): string {
    if (route.state === "pinned" && route.session === session) return route.sealed;
    const sealed = seal.close({ replica: id, session, issuedAtMs: now() }, scope);
    sessions.opened(call, sealed, name);
    return sealed;
  }
}
