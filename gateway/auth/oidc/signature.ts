import { type CryptoKey, errors, type JWTPayload, jwtVerify } from "jose";
import { clockSkewSeconds } from "./identity.ts";
import { type RefusalReason, type Refused, refused } from "./refusal.ts";

export type Signed = { readonly state: "signed"; readonly claims: JWTPayload };

/** Signature, issuer, `exp` (which has to be there) and `nbf`, by jose. */
export async function checkSignature(
  token: string,
  key: CryptoKey,
  expected: { readonly algorithms: string[]; readonly iss: string },
  nowMs: number,
): Promise<Signed | Refused> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: expected.algorithms,
      issuer: expected.iss,
      requiredClaims: ["exp"],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(nowMs),
    });
    return { state: "signed", claims: payload };
  } catch (error) {
    const reason = reasonOf(error);
    if (!reason) throw error;
    return refused(reason);
  }
}

function reasonOf(error: unknown): RefusalReason | undefined {
  if (error instanceof errors.JWSSignatureVerificationFailed) return "signature";
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JOSEAlgNotAllowed) return "algorithm";
  if (error instanceof errors.JWTClaimValidationFailed) return reasonOfClaim(error);
  if (error instanceof errors.JOSEError) return "malformed";
  // jose's word for a key that is too short or does not fit its algorithm.
  return error instanceof TypeError ? "unknown-key" : undefined;
}

function reasonOfClaim({ claim, reason }: errors.JWTClaimValidationFailed): RefusalReason {
  if (reason === "missing") return "missing-claim";
  if (reason === "invalid") return "invalid-claim";
  return claim === "nbf" ? "not-yet-valid" : "unknown-issuer";
}
