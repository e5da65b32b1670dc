import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from "node:crypto";

/** An Ed25519 key that assertions are signed with. */
export type SigningKey = {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** The public half, base64url. */
  readonly x: string;
};

/** A public key as guards know it. */
export type PublishedKey = {
  readonly kid: string;
  readonly x: string;
  /** Since when it is published, in milliseconds since 1970. */
  readonly sinceMs: number;
};

/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410 §7). */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Follows from a gateway key, so that gateways with the same keys sign alike and nobody needs another secret. */
export function signingKeyFrom(secret: string): SigningKey {
  const seed = Buffer.from(hkdfSync("sha256", secret, "", "mcp-gateway assertion 1", 32));
  const der = Buffer.concat([pkcs8Prefix, seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return { kid: thumbprint(x), privateKey, x };
}

/** RFC 7638 §3, RFC 8037 §2: the members that count, in this order. */
function thumbprint(x: string): string {
  return createHash("sha256")
    .update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x }))
    .digest("base64url");
}
