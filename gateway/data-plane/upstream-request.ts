import type { Exchange } from "./exchange.ts";
import type { UpstreamRequest } from "./forward.ts";
import { upstreamHeaders } from "./headers.ts";
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
  { request, call, text, json, message, tools }: Exchange,
  route: Route,
  { closing, nowMs }: { closing: AbortSignal; nowMs: number },
): UpstreamRequest | undefined {
  const query = request.url.indexOf("?");
  const isStream = request.method === "GET" || message.method === "subscriptions/listen";
  const asSent: UpstreamRequest = {
    method: request.method,
    target: query < 0 ? upstreamPath : upstreamPath + request.url.slice(query),
    headers: upstreamHeaders(request.headers, {
      principal: call.principal,
      address: call.address,
      origin: request.url.slice(0, request.url.indexOf("/", "https://".length)),
      era: message.era,
      session: route.state === "pinned" ? route.session : undefined,
    }),
    body: text,
    signal: isStream ? streamSignal(request.signal, closing, call.expiresAtMs, nowMs) : request.signal,
  };
  return tools === "all" ? asSent : asRead(asSent, json);
}
