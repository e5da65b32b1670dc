/**
 * Why a request is not let in, for log and metric; whoever asks gets one answer for all of them.
 *
 * | | |
 * | --- | --- |
 * | missing | no assertion: somebody comes past the gateway |
 * | malformed | no compact JWS in canonical base64url, or several, or a longer one than the limit |
 * | critical-header | `crit` or `b64`: an extension that changes what is signed |
 * | algorithm | not EdDSA |
 * | type | a JWS of another kind |
 * | unknown-key | none of the gateway's keys |
 * | signature | does not hold |
 * | issuer, audience, pod | not by the gateway; for another adapter; for another replica |
 * | claims | one is not there, or of another shape |
 * | lifetime | valid for longer than the gateway makes them |
 * | expired, not-yet-valid | `exp` and `iat`, clock leeway allowed for |
 * | session | the request's Mcp-Session-Id is not the one that it was made for |
 * | no-keys | nobody can be let in yet |
 */
export const refusalReasons = [
  "missing",
  "malformed",
  "critical-header",
  "algorithm",
  "type",
  "unknown-key",
  "signature",
  "issuer",
  "audience",
  "pod",
  "claims",
  "lifetime",
  "expired",
  "not-yet-valid",
  "session",
  "no-keys",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export type Refused = { readonly state: "refused"; readonly reason: RefusalReason };

export function refused(reason: RefusalReason): Refused {
  return { state: "refused", reason };
}
