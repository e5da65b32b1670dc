import type { Exchange } from "./exchange.ts";
import type { UpstreamRequest } from "./forward.ts";
import type { Guards } from "./guards.ts";
import { isNotDownstream, upstreamHeaders } from "./headers.ts";
import { asRead } from "./policy/as-read.ts";
import type { Route } from "./route.ts";
import { streamSignal } from "./stream-signal.ts";

/** The one path every MCP server is asked at, as behind the Microsoft gateway. */
const upstreamPath = "/mcp";

/**
 * What goes to the MCP server. Under a tool policy that is what the policy has read, not what another parser may read in
 * the same text; undefined when that cannot be written down.
 */
export function upstreamRequest(
  exchange: Exchange,
  route: Route,
  { closing, now, guards }: { closing: AbortSignal; now: () => number; guards: Guards | undefined },
): UpstreamRequest | undefined {
  const { request, call, text, json, message, tools } = exchange;
  const query = request.url.indexOf("?");
  const isStream = request.method === "GET" || message.method === "subscriptions/listen";
  const headers = upstreamHeaders(exchange.headers, {
    principal: call.principal,
    address: call.address,
    origin: request.url.slice(0, request.url.indexOf("/", "https://".length)),
    era: message.era,
    session: route.state === "pinned" ? route.session : undefined,
  });
  guards?.mark(headers, exchange, route);
  const asSent: UpstreamRequest = {
    method: request.method,
    target: query < 0 ? upstreamPath : upstreamPath + request.url.slice(query),
    headers,
    body: text,
    seen: call.seen,
    silence: call.silence,
    client: isStream ? { signal: streamSignal(request.signal, closing, call.expiresAtMs, now()) } : request,
    drops: isNotDownstream,
  };
  return tools === "all" ? asSent : asRead(asSent, json);
}
