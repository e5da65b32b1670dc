import { type CryptoKey, compactVerify, decodeProtectedHeader, errors } from "jose";
import { assertionIssuer, assertionType, leewaySeconds, maxAgeSeconds } from "../../gateway/assertion/assertion.ts";
import { type Refused, refused } from "./refusal.ts";

/** For whom an assertion has to be. */
export type Expected = {
  /** `{namespace}/{adapter}` */
  readonly audience: string;
  /** Uid of the pod that this is. */
  readonly pod: string;
};

/** What an assertion says, once it is proven. */
export type Asserted = {
  readonly sub: string;
  readonly roles: readonly string[];
  readonly sid: string | undefined;
  /** When it has to be refused, in milliseconds since 1970: the leeway is in it. */
  readonly untilMs: number;
};

export type Presented = { readonly state: "presented"; readonly kid: string };
export type Verified = { readonly state: "verified"; readonly asserted: Asserted };

/**
 * Which key an assertion says that it is signed with: a compact JWS (RFC 7515 §7.1) of ours by its header, in canonical base64url,
 * so that one assertion has one spelling. Keys that it brings along are not looked at.
 */
export function present(token: string): Presented | Refused {
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every((part) => part !== "" && canonical.test(part))) return refused("malformed");
  const header = headerOf(token);
  if (!header) return refused("malformed");
  if ("crit" in header || "b64" in header) return refused("critical-header");
  if (header.alg !== "EdDSA") return refused("algorithm");
  if (header.typ !== assertionType) return refused("type");
  return typeof header.kid === "string" ? { state: "presented", kid: header.kid } : refused("unknown-key");
}

/** Whether the assertion holds: its signature by this key, and then what it says. */
export async function verify(
  token: string,
  key: CryptoKey,
  expected: Expected,
  nowMs: number,
): Promise<Verified | Refused> {
  const payload = await signedPayload(token, key);
  if (!payload) return refused("signature");
  const claims = parsed(new TextDecoder().decode(payload));
  return claims ? checked(claims, expected, nowMs) : refused("claims");
}

// The bits that a last character has beyond the last byte are zero (RFC 4648 §3.5).
const canonical = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/;

function headerOf(token: string) {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return undefined;
  }
}

async function signedPayload(token: string, key: CryptoKey): Promise<Uint8Array | undefined> {
  try {
    return (await compactVerify(token, key, { algorithms: ["EdDSA"] })).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** Pure: what a signed assertion has to say to be let in. */
function checked(claims: Record<string, unknown>, { audience, pod }: Expected, nowMs: number): Verified | Refused {
  const { iss, aud, sub, roles, sid, pod: onlyPod, iat, exp } = claims;
  if (iss !== assertionIssuer) return refused("issuer");
  if (aud !== audience) return refused("audience");
  if (onlyPod !== undefined && onlyPod !== pod) return refused("pod");
  if (typeof sub !== "string" || !isTexts(roles) || !(sid === undefined || typeof sid === "string")) {
    return refused("claims");
  }
  if (!isTime(iat) || !isTime(exp)) return refused("claims");
  if (exp - iat > maxAgeSeconds) return refused("lifetime");
  const seconds = nowMs / 1000;
  if (iat > seconds + leewaySeconds) return refused("not-yet-valid");
  const until = exp + leewaySeconds;
  if (seconds >= until) return refused("expired");
  return { state: "verified", asserted: { sub, roles, sid, untilMs: until * 1000 } };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
