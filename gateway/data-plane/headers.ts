import type { HeaderFields } from "../auth/header-fields.ts";
import type { Principal } from "../auth/principal.ts";
import type { Era } from "./message.ts";
import { hopByHop, nominatedBy } from "./upstream/hop-by-hop.ts";
import { headerSafe } from "./upstream/request-head.ts";

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

/** Never reaches a client: cookies would join strangers, and the session id is sealed anew. */
const notDownstream = new Set(["server", "set-cookie", "mcp-session-id", "mcp-guard-failure"]);

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
export function upstreamHeaders(incoming: HeaderFields, passage: Passage): HeaderFields {
  const nominated = nominatedBy(incoming["connection"]);
  const isModern = passage.era === "modern";
  // A record, since a second Headers would cost as much as all the rest here.
  const headers: HeaderFields = {};
  for (const name in incoming) {
    if (notUpstream.has(name) || nominated?.has(name)) continue;
    // 2026-07-28: a modern server ignores it, as the session's id, and nothing between may act on them.
    if (isModern && name === "last-event-id") continue;
    headers[name] = incoming[name] as string;
  }
  setOwnHeaders(headers, passage);
  if (!isModern && passage.session !== undefined) headers["mcp-session-id"] = passage.session;
  return headers;
}

/** What every server is told in the gateway's own name: who calls, and which way the call came. */
export function setOwnHeaders(
  headers: HeaderFields,
  { principal, address, origin }: Pick<Passage, "principal" | "address" | "origin">,
): void {
  headers["accept-encoding"] = "identity";
  headers["x-mcp-userid"] = headerSafe(principal.id);
  headers["x-mcp-roles"] = headerSafe(principal.roles.join(","));
  headers["forwarded"] = forwarded(address, origin);
}

/** What of an answer must not reach the client; what speaks of the connection does not come this far. */
export function isNotDownstream(name: string): boolean {
  return notDownstream.has(name);
}

/** RFC 7239 §4 and §6: a port or an IPv6 address makes a quoted string. */
function forwarded(address: string, origin: string): string {
  const authority = origin.indexOf("://") + 3;
  const node = address.includes(":") ? `"[${address}]"` : address;
  return `for=${node};proto=${origin.slice(0, authority - 3)};host="${origin.slice(authority)}"`;
}
