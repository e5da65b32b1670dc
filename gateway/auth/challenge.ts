import { wellKnown } from "../../openapi/metadata.ts";
import { isMcpPath, type ProtectedResource } from "./metadata.ts";

/** Why a caller is sent to the issuer: 401 for the first two, 403 for the third. */
export type Challenged = "no-token" | "bad-token" | "missing-scope";

/**
 * The value of WWW-Authenticate (RFC 6750 §3, RFC 9728 §5.1). `url` is the request's, `origin` the public one.
 *
 * Every bad token gets the same answer: what was wrong with it is for the log. Only `missing-scope` tells clients to ask
 * for more; a missing role gets a 403 without a challenge, since no scope cures it and clients would try for ever.
 */
export function challenge(
  why: Challenged,
  { url, origin, resource }: { url: string; origin: string; resource: ProtectedResource },
): string {
  const parameters = {
    error: errors[why],
    error_description: why === "missing-scope" ? "The token lacks a scope that is needed here" : undefined,
    scope: resource.requiredScopes.join(" ") || undefined,
    // Where the origin is the resource, clients that follow this to a document for another resource would refuse it.
    resource_metadata: resource.mode === "exact" ? metadataUrl(url, origin) : undefined,
  };
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return ["Bearer", given.map(([name, value]) => `${name}=${quoted(value)}`).join(", ")].filter(Boolean).join(" ");
}

/**
 * The required scopes that a token does not hold. They are asked for as the issuer wants it, which with Entra is
 * `api://{app}/{scope}` or `https://{origin}/{scope}`, while the token holds `{scope}`: its audience says whose.
 */
export function missingScopes(required: readonly string[], held: readonly string[]): readonly string[] {
  return required.filter((scope) => !held.includes(scope) && !(scope.includes("://") && held.includes(lastOf(scope))));
}

/** A scope that can be required and challenged for (RFC 6749 §3.3): in a token, `.default` stands for other names. */
export function isRequirableScope(scope: string): boolean {
  return isScope(scope) && lastOf(scope) !== ".default";
}

/** RFC 6749 §3.3. Tokens for later are between client and issuer, so `offline_access` is no scope of a resource. */
export function isScope(scope: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope) && scope !== "offline_access";
}

const errors = { "no-token": undefined, "bad-token": "invalid_token", "missing-scope": "insufficient_scope" } as const;

/** An MCP path's own document; for anything else, the gateway's. */
function metadataUrl(url: string, origin: string): string {
  const path = URL.parse(url)?.pathname ?? "";
  return `${origin}${wellKnown}${isMcpPath(path) ? path : ""}`;
}

/** RFC 9110 §5.6.4. Clients read up to the next quote, so what would need escaping is percent-encoded. */
function quoted(value: string): string {
  return `"${value.toWellFormed().replace(/["\\]|[^\x20-\x7e]/gu, (character) => encodeURIComponent(character))}"`;
}

function lastOf(scope: string): string {
  return scope.slice(scope.lastIndexOf("/") + 1);
}
