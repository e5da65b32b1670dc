import { assertionHeader, callHeader } from "../../gateway/assertion/assertion.ts";
import { hopByHop, nominatedBy } from "../../gateway/data-plane/upstream/hop-by-hop.ts";

/**
 * Never reaches the server, beside the families below: credentials are the gateway's, and identity is only what it vouches for.
 * `Forwarded` stays, since only the gateway gets in, and it takes every other one off.
 */
const notUpstream = new Set([
  ...hopByHop,
  assertionHeader,
  callHeader,
  "host",
  "content-length",
  "expect",
  "authorization",
  "cookie",
  "x-real-ip",
  "x-mcp-userid",
  "x-mcp-username",
  "x-mcp-roles",
  "x-gateway-secret",
]);

/** Headers by which proxies and platforms tell who calls: hop by hop, forged here, or ours. */
const notUpstreamFamilies =
  /^(?:proxy-|x-forwarded-|x-dev-|x-ms-client-principal|x-ms-token-|x-auth-request-|mcp-gateway-|mcp-guard-)/;

/** The headers for the server: what the gateway sent but the tables above, with the caller in the Microsoft gateway's headers. */
export function upstreamHeaders(
  incoming: Headers,
  { userId, roles }: { userId: string; roles: string },
): Record<string, string> {
  // A record, since a second Headers would cost as much as all the rest here.
  const headers: Record<string, string> = {};
  const all = incoming.toJSON() as Record<string, string>;
  const nominated = nominatedBy(all["connection"]);
  for (const name in all) {
    if (notUpstream.has(name) || notUpstreamFamilies.test(name) || nominated?.has(name)) continue;
    headers[name] = all[name] as string;
  }
  headers["x-mcp-userid"] = userId;
  headers["x-mcp-roles"] = roles;
  return headers;
}

/** What of an answer only a guard may say; what speaks of the connection does not come this far. */
export function isGuards(name: string): boolean {
  return name.startsWith("mcp-guard-");
}
