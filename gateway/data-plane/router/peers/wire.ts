import type { Call } from "../../exchange.ts";
import type { Caller } from "../caller.ts";

/** How a server is spoken to. `session`: its id, as the data plane has sealed it; servers without sessions give none. */
export type Wire =
  | { readonly era: "modern" }
  | { readonly era: "legacy"; readonly revision: string | undefined; readonly session: string | undefined };

/** Which server is spoken to, how, and in whose name. */
export type Peer = { readonly adapter: string; readonly wire: Wire; readonly caller: Caller };

export type RpcMessage = Readonly<Record<string, unknown>>;
export type RpcRequest = { readonly method: string; readonly params: RpcMessage };

export const modernRevision = "2026-07-28";
export const clientInfo = { name: "mcp-gateway", version: "0.1.0" };

const claim = (name: string) => `io.modelcontextprotocol/${name}`;

/** The body of a request. A modern one says of itself who asks and what that client can do. */
export function rpcRequest(id: number, { method, params }: RpcRequest, { wire, caller }: Peer): RpcMessage {
  if (wire.era === "legacy") return { jsonrpc: "2.0", id, method, params };
  const claims = {
    [claim("protocolVersion")]: modernRevision,
    [claim("clientInfo")]: clientInfo,
    [claim("clientCapabilities")]: caller.capabilities,
    ...(caller.logLevel !== undefined && { [claim("logLevel")]: caller.logLevel }),
  };
  const meta = typeof params._meta === "object" ? params._meta : {};
  return { jsonrpc: "2.0", id, method, params: { ...params, _meta: { ...meta, ...claims } } };
}

/** What a modern request repeats in its headers, for those on the way who do not read bodies. */
export function requestHeaders({ method, params }: RpcRequest): Record<string, string> {
  const name = method === "resources/read" ? params.uri : namedRequests.has(method) ? params.name : undefined;
  return { "mcp-method": method, ...(typeof name === "string" && { "mcp-name": headerValue(name) }) };
}

const namedRequests = new Set(["tools/call", "prompts/get"]);

/** 2026-07-28, transports, "Value Encoding": what is no plain ASCII, or would lose its spaces, goes as Base64 of its UTF-8. */
function headerValue(value: string): string {
  const isPlain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value);
  const looksCoded = value.startsWith("=?base64?") && value.endsWith("?=");
  return isPlain && !looksCoded ? value : `=?base64?${Buffer.from(value).toString("base64")}?=`;
}

/** One HTTP request of the streamable HTTP transport, as the data plane's proxy takes it. */
export function httpRequest(
  { adapter, wire, caller }: Peer,
  message: RpcMessage | "open-stream" | "end-session",
  signal: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Request {
  const isMessage = typeof message === "object";
  const headers = {
    ...more,
    ...caller.trace,
    "x-request-id": caller.requestId,
    ...(wire.era === "modern" && { "mcp-protocol-version": modernRevision }),
    ...(wire.era === "legacy" && wire.revision !== undefined && { "mcp-protocol-version": wire.revision }),
    ...(wire.era === "legacy" && wire.session !== undefined && { "mcp-session-id": wire.session }),
    ...(message !== "end-session" && {
      accept: isMessage ? "application/json, text/event-stream" : "text/event-stream",
    }),
    ...(isMessage && { "content-type": "application/json" }),
  };
  return new Request(`${caller.origin}/adapters/${adapter}/mcp`, {
    method: isMessage ? "POST" : message === "open-stream" ? "GET" : "DELETE",
    headers,
    ...(isMessage && { body: JSON.stringify(message) }),
    signal,
  });
}

/** In the caller's name: the data plane asks and counts as if the request had come to the adapter itself. */
export function callOf({ adapter, caller }: Peer): Call {
  const { principal, expiresAtMs, requestId, address, seen } = caller;
  return { adapter, principal, expiresAtMs, requestId, address, seen };
}
