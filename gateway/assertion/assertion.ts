/**
 * How a gateway tells the guard before an MCP server who calls: a compact JWS (RFC 7515, EdDSA) on each request. Caller's
 * tokens never go there. What follows is known on both sides.
 */

/** On every request to a guarded replica, and taken off by the guard. */
export const assertionHeader = "mcp-gateway-assertion";
/** What the gateway has read of the message, `tools/call` or `tools/call add`, each word percent-encoded: for telemetry only. */
export const callHeader = "mcp-gateway-call";
/** On a guard's own 502, and never on what a server answers: how far the request came. */
export const failureHeader = "mcp-guard-failure";
/** `refused`: the server was not reached, another replica may be asked. `broken`: it may have acted on the request. */
export type GuardFailure = "refused" | "broken";

export const assertionIssuer = "mcp-gateway";
/** Its type in the JWS header, so that no other token of these keys can be taken for one (RFC 8725 §3.11). */
export const assertionType = "mcp-gateway+jwt";
/** From `iat` to `exp`. */
export const maxAgeSeconds = 60;
/** How far the clocks of two nodes may be apart. */
export const leewaySeconds = 10;

export type Claims = {
  readonly iss: typeof assertionIssuer;
  /** `{namespace}/{adapter}` */
  readonly aud: string;
  /** Id of the principal. */
  readonly sub: string;
  readonly roles: readonly string[];
  /** The server's own Mcp-Session-Id; the request has the same, or none. */
  readonly sid?: string;
  /** Uid of the only pod it is meant for: where a session is pinned. */
  readonly pod?: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
};

export function audienceOf(namespace: string, adapter: string): string {
  return `${namespace}/${adapter}`;
}
