import { decodeJwt, decodeProtectedHeader, type ProtectedHeaderParameters } from "jose";
import { type Refused, refused } from "./refusal.ts";

/** What a token says before anything about it is proven: good for choosing whom to ask, for nothing else. */
export type Presented = {
  readonly state: "presented";
  readonly header: ProtectedHeaderParameters;
  readonly alg: string;
  readonly iss: string;
};

/**
 * A compact JWS (RFC 7515 §3.1) in canonical base64url, so that one token has one spelling. Keys that a token brings along
 * (`jwk`, `jku`, `x5c`, `x5u`) are not looked at, here or later: keys come from the issuer.
 */
export function present(token: string): Presented | Refused {
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every((part) => canonical.test(part))) return refused("malformed");
  try {
    const header = decodeProtectedHeader(token);
    if ("crit" in header || "b64" in header) return refused("critical-header");
    if (typeof header.alg !== "string" || !isOptionalText(header.kid) || !isOptionalText(header.typ)) {
      return refused("malformed");
    }
    const { iss } = decodeJwt(token);
    if (iss === undefined) return refused("missing-claim");
    return typeof iss === "string" ? { state: "presented", header, alg: header.alg, iss } : refused("invalid-claim");
  } catch {
    return refused("malformed");
  }
}

// The bits that a last character has beyond the last byte are zero (RFC 4648 §3.5).
const canonical = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/;

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
