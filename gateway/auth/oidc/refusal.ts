/**
 * Why a token is refused, for the log; the caller is told no more than "invalid token". Nothing of a token is in it.
 *
 * | | |
 * | --- | --- |
 * | too-long | longer than the limit; it was not looked at |
 * | malformed | not a signed JWT in canonical base64url; an encrypted one |
 * | critical-header | `crit` or `b64`: an extension that changes what is signed |
 * | unknown-issuer | `iss` is none of ours, letter for letter |
 * | algorithm | not among the issuer's asymmetric algorithms |
 * | unknown-key | the issuer has no such key, or several without a `kid` to choose by |
 * | signature | does not hold |
 * | expired, not-yet-valid | `exp`; `nbf` and `iat`; clock skew allowed for |
 * | audience | `aud` is not us |
 * | tenant | Entra: `tid` is another tenant |
 * | missing-claim, invalid-claim | a claim that is needed is not there, or is of another shape |
 * | token-type | says of itself that it is something else: ID, refresh, logout token |
 * | not-access-token | nothing shows that it is an access token: most likely an ID token |
 * | sender-constrained | bound to a key (DPoP, mutual TLS) whose proof is not asked for here |
 * | foreign-id | an id that begins with another issuer's prefix |
 */
export type RefusalReason =
  | "too-long"
  | "malformed"
  | "critical-header"
  | "unknown-issuer"
  | "algorithm"
  | "unknown-key"
  | "signature"
  | "expired"
  | "not-yet-valid"
  | "audience"
  | "tenant"
  | "missing-claim"
  | "invalid-claim"
  | "token-type"
  | "not-access-token"
  | "sender-constrained"
  | "foreign-id";

export type Refused = { readonly state: "refused"; readonly reason: RefusalReason };

export function refused(reason: RefusalReason): Refused {
  return { state: "refused", reason };
}
