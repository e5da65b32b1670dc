import type { PublishedKey } from "./keys.ts";

/**
 * A JWK Set (RFC 7517 §5) of Ed25519 keys (RFC 8037), as guards read it. `iat` is when a key was published, in seconds (OpenID
 * Federation §5.2.1).
 */
export function jwksOf(keys: readonly PublishedKey[]): string {
  const all = keys.map(({ kid, x, sinceMs }) => {
    const iat = Math.floor(sinceMs / 1000);
    return { kty: "OKP", crv: "Ed25519", use: "sig", alg: "EdDSA", kid, x, iat };
  });
  return `${JSON.stringify({ keys: all }, undefined, 2)}\n`;
}

/** The keys in such a text; undefined when it is none. Keys of other types, which another issuer may have put there, are left out. */
export function keysIn(text: string): PublishedKey[] | undefined {
  const keys = parsed(text)?.["keys"];
  if (!Array.isArray(keys)) return undefined;
  return keys.flatMap((key: unknown) => {
    if (!isObject(key) || key["kty"] !== "OKP" || key["crv"] !== "Ed25519") return [];
    const { kid, x, iat } = key;
    const known = typeof kid === "string" && typeof x === "string";
    return known ? [{ kid, x, sinceMs: typeof iat === "number" ? iat * 1000 : 0 }] : [];
  });
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
