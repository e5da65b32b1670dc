import type { Principal } from "../auth/principal.ts";
import type { Era } from "./message.ts";

/** RFC 9110 §7.6.1, and what proxies of old add to it. They speak of one connection, never of the message. */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Never reaches an MCP server: credentials are ours, and identity is only what we vouch for. */
const notUpstream = new Set([
  ...hopByHop,
  "host",
  "content-length",
  "expect",
  "authorization",
  "cookie",
  "origin",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-forwarded-user",
  "x-real-ip",
  "x-mcp-userid",
  "x-mcp-username",
  "x-mcp-roles",
  "x-gateway-secret",
  "x-dev-userid",
  "x-dev-name",
  "x-dev-roles",
  "mcp-session-id",
  "mcp-gateway-assertion",
  "mcp-gateway-call",
]);

/** Never reaches a client: the connection is ours, cookies would join strangers, and the session id is sealed anew. */
const notDownstream = [...hopByHop, "server", "set-cookie", "mcp-session-id", "mcp-guard-failure"];

export type Passage = {
  readonly principal: Principal;
  /** The client's IP address. */
  readonly address: string;
  /** How the client reached the gateway: `https://host:port` */
  readonly origin: string;
  readonly era: Era;
  /** The MCP server's own id of the session, if the request has one. */
  readonly session: string | undefined;
};

/**
 * The headers for the MCP server: everything the client sent but the table above and what its `Connection` names, with
 * the principal's identity in the Microsoft gateway's headers and the way it came in `Forwarded` (RFC 7239).
 */
export function upstreamHeaders(incoming: Headers, passage: Passage): Headers {
  const nominated = incoming.get("connection");
  const alsoDropped = nominated && nominated !== "keep-alive" ? tokens(nominated) : undefined;
  // Filled one by one: a Headers made from a record costs Bun half as much again.
  const headers = new Headers();
  const all = incoming.toJSON() as Record<string, string>;
  for (const name in all) {
    if (!notUpstream.has(name) && !alsoDropped?.has(name)) headers.set(name, all[name] as string);
  }
  setOwnHeaders(headers, passage);
  // 2026-07-28: a modern server ignores both, and nothing between may act on them.
  if (passage.era === "modern") headers.delete("last-event-id");
  else if (passage.session !== undefined) headers.set("mcp-session-id", passage.session);
  return headers;
}

/** What every server is told in the gateway's own name: who calls, and which way the call came. */
export function setOwnHeaders(
  headers: Headers,
  { principal, address, origin }: Pick<Passage, "principal" | "address" | "origin">,
): void {
  headers.set("accept-encoding", "identity");
  headers.set("x-mcp-userid", headerSafe(principal.id));
  headers.set("x-mcp-roles", headerSafe(principal.roles.join(",")));
  headers.set("forwarded", forwarded(address, origin));
}

/** Takes out of an answer what must not reach the client. */
export function cleanAnswer(headers: Headers): void {
  const nominated = headers.get("connection");
  for (const name of notDownstream) headers.delete(name);
  if (nominated) for (const name of tokens(nominated)) headers.delete(name);
}

function tokens(list: string): Set<string> {
  return new Set(
    list
      .toLowerCase()
      .split(",")
      .map((token) => token.trim()),
  );
}

/** Identity goes out as visible ASCII; whatever else a name holds is percent-encoded, so no value can end the header. */
function headerSafe(value: string): string {
  return /^[\x20-\x7e]*$/.test(value)
    ? value
    : value.toWellFormed().replace(/[^\x20-\x7e]+/gu, (other) => encodeURIComponent(other));
}

/** RFC 7239 §4 and §6: a port or an IPv6 address makes a quoted string. */
function forwarded(address: string, origin: string): string {
  const authority = origin.indexOf("://") + 3;
  const node = address.includes(":") ? `"[${address}]"` : address;
  return `for=${node};proto=${origin.slice(0, authority - 3)};host="${origin.slice(authority)}"`;
}
