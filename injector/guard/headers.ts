import { assertionHeader, callHeader } from "../../gateway/assertion/assertion.ts";

/** RFC 9110 §7.6.1, and what proxies of old add to it. They speak of one connection, never of the message. */
const hopByHop = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

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
  const nominated = incoming.get("connection");
  const alsoDropped = nominated && nominated !== "keep-alive" ? tokens(nominated) : undefined;
  // A record, since a second Headers would cost as much as all the rest here.
  const headers: Record<string, string> = {};
  const all = incoming.toJSON() as Record<string, string>;
  for (const name in all) {
    if (notUpstream.has(name) || notUpstreamFamilies.test(name) || alsoDropped?.has(name)) continue;
    headers[name] = all[name] as string;
  }
  headers["x-mcp-userid"] = userId;
  headers["x-mcp-roles"] = roles;
  return headers;
}

const notDownstream = [...hopByHop, "proxy-authenticate", "proxy-authorization", "proxy-connection"];

/** Takes out of an answer what speaks of the connection, and what only a guard may say. */
export function cleanAnswer(headers: Headers): void {
  const nominated = headers.get("connection");
  for (const name of notDownstream) headers.delete(name);
  if (nominated) for (const name of tokens(nominated)) if (tokenOnly.test(name)) headers.delete(name);
  for (const name of [...headers.keys()]) if (name.startsWith("mcp-guard-")) headers.delete(name);
}

/** Identity goes out as visible ASCII; whatever else a name holds is percent-encoded, so no value can end the header. */
export function headerSafe(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  return value.toWellFormed().replace(/[^\x20-\x7e]+/gu, (other) => encodeURIComponent(other));
}

/** RFC 9110 §5.6.2. A name of another shape is none, and cannot be asked for. */
const tokenOnly = /^[!#$%&'*+\-.^_`|~\w]+$/;

function tokens(list: string): Set<string> {
  return new Set(
    list
      .toLowerCase()
      .split(",")
      .map((token) => token.trim()),
  );
}
