import { decodeJwt, decodeProtectedHeader } from "jose";
import { type Claims, scopesOf } from "../../auth/oidc/claims.ts";
import { textsIn } from "../json-rpc.ts";

/** What a token says of itself. Nothing of it is checked: that is for whom it is sent to. */
export type TokenClaims = {
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
  readonly expiresAtMs: number | undefined;
  readonly notBeforeMs: number | undefined;
  readonly scopes: readonly string[];
  readonly isIdToken: boolean;
};

/** Undefined: no JWT, so that only its issuer can read it. */
export function claimsIn(token: string): TokenClaims | undefined {
  try {
    const claims = decodeJwt(token) as Claims;
    const { iss, aud, exp, nbf } = claims;
    return {
      issuer: typeof iss === "string" ? iss : undefined,
      audiences: typeof aud === "string" ? [aud] : textsIn(aud),
      expiresAtMs: typeof exp === "number" ? exp * 1000 : undefined,
      notBeforeMs: typeof nbf === "number" ? nbf * 1000 : undefined,
      scopes: scopesOf(claims),
      isIdToken: isIdToken(String(decodeProtectedHeader(token).typ ?? ""), claims),
    };
  } catch {
    return undefined;
  }
}

/** By the claims that only ID tokens have (OpenID Connect §2), unless it says that it is an access token (RFC 9068 §4). */
function isIdToken(typ: string, claims: Claims): boolean {
  if (/^(application\/)?at\+jwt$/i.test(typ) || claims["typ"] === "Bearer") return false;
  if (claims["typ"] === "ID" || claims["token_use"] === "id") return true;
  return ["nonce", "at_hash", "c_hash", "s_hash"].some((name) => Object.hasOwn(claims, name));
}
