import { type Claims, claimAt, isFilled, isObject } from "./claims.ts";
import type { RefusalReason } from "./refusal.ts";
import type { EntraIssuer, OidcIssuer } from "./settings.ts";

/**
 * An ID token tells a client who signed in; it is no permission to call anybody, though it may have our client id as its
 * audience and the right signature. So a token has to show that it is an access token:
 *
 * - Any issuer: the type `at+jwt` (RFC 9068 §4), or Keycloak's claim `typ: Bearer`, or one of the issuer's
 *   `accessTokenClaims` while none of the ID token's own claims (`nonce`, `at_hash`, `c_hash`, `s_hash`) is there.
 * - Entra, whose type is always JWT: `scp` (somebody's app calls for them), or `roles` of an app that calls for itself,
 *   which `idtyp: app` or `sub` = `oid` shows.
 *
 * What says that it is something else, or is bound to a key, is refused first.
 */
export function whyNotAccessToken(
  settings: OidcIssuer | EntraIssuer,
  typ: string | undefined,
  claims: Claims,
): RefusalReason | undefined {
  const type = typ?.toLowerCase().replace(/^application\//, "");
  if (type !== undefined && type !== "jwt" && type !== "at+jwt") return "token-type";
  if (isBoundToKey(claims)) return "sender-constrained";
  // A logout or security event token (RFC 8417 §2.2).
  if (Object.hasOwn(claims, "events")) return "token-type";
  return settings.kind === "entra" ? whyNotEntras(claims) : whyNotAnyIssuers(settings, type, claims);
}

function whyNotEntras(claims: Claims): RefusalReason | undefined {
  if (hasAny(claims, hashesOfIdToken)) return "not-access-token";
  if (isFilled(claims["scp"])) return undefined;
  const app = claims["idtyp"] === "app" || (claims["oid"] !== undefined && claims["oid"] === claims["sub"]);
  return app && isFilled(claims["roles"]) ? undefined : "not-access-token";
}

function whyNotAnyIssuers(settings: OidcIssuer, type: string | undefined, claims: Claims): RefusalReason | undefined {
  if (type === "at+jwt") return undefined;
  if (typeof claims["typ"] === "string") return claims["typ"] === "Bearer" ? undefined : "token-type";
  // Amazon Cognito's word for it.
  if (claims["token_use"] === "id") return "token-type";
  if (hasAny(claims, hashesOfIdToken) || Object.hasOwn(claims, "nonce")) return "not-access-token";
  return settings.accessTokenClaims.some((path) => isFilled(claimAt(claims, path))) ? undefined : "not-access-token";
}

const hashesOfIdToken = ["at_hash", "c_hash", "s_hash"];

/** RFC 7800: whoever presents the token has to prove a key; taking it without would make it a bearer token again. */
function isBoundToKey({ cnf }: Claims): boolean {
  return isObject(cnf) && hasAny(cnf, ["jkt", "x5t#S256", "jwk", "jwe", "jku", "kid"]);
}

function hasAny(claims: Claims, names: readonly string[]): boolean {
  return names.some((name) => Object.hasOwn(claims, name));
}
