import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";

/** What a client's Mcp-Session-Id holds: which replica the session lives on, and its id there. */
export type Pin = { readonly replica: string; readonly session: string; readonly issuedAtMs: number };

/** Whose session it is. It opens for the same adapter (not a recreated one) and the same principal only. */
export type Scope = { readonly adapterUid: string; readonly principalKey: string };

export type Seal = {
  /** The id to give to the client: visible ASCII, as the specification asks. */
  close(pin: Pin, scope: Scope): string;
  /** A reason, for our own eyes, for whatever was not sealed here, for this scope, with a key that is still known. */
  open(sealed: string, scope: Scope): Pin | SealFailure;
};

/** `malformed`: no gateway made it. `unknown-key`: another one did, or this one long ago. `foreign`: it is changed, or another's. */
export type SealFailure = "malformed" | "unknown-key" | "foreign" | "expired";

const prefix = "g1.";
const keyIdBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;
/** A session id longer than this was not sealed here. */
const maxSealedLength = 2048;
/** A session outlives neither its replica nor its keys; this bounds a stolen id on top. */
export const sessionMaxAgeMs = 7 * 24 * 3600 * 1000;
const maxRemembered = 20_000;

/** The first seals; all of them open. A function gives the same list until there are others. */
export type Secrets = readonly string[] | (() => readonly string[]);

/**
 * AES-256-GCM over replica, upstream session and time, bound to adapter and principal as additional data.
 * Opened ids are remembered, bounded, so that a session pays for its seal once, and once again when the secrets change.
 */
export function seal({
  secrets,
  now,
  randomBytes,
}: {
  secrets: Secrets;
  now: () => number;
  randomBytes: (count: number) => Buffer;
}): Seal {
  const secretsNow = typeof secrets === "function" ? secrets : () => secrets;
  let ring = ringOf(secretsNow());

  return {
    close(pin, scope) {
      const { current } = ringNow();
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", current.secret, nonce);
      cipher.setAAD(Buffer.from(bound(scope)));
      const plain = `${pin.issuedAtMs.toString(36)}.${pin.replica}.${pin.session}`;
      const sealed = Buffer.concat([
        current.id,
        nonce,
        cipher.update(plain, "utf8"),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return prefix + sealed.toString("base64url");
    },

    open(sealed, scope) {
      const { keys, remembered } = ringNow();
      const known = remembered.get(sealed);
      const pin = known ? (isSame(known.scope, scope) ? known.pin : "foreign") : unseal(keys, sealed, scope);
      if (typeof pin === "string") return pin;
      if (now() - pin.issuedAtMs > sessionMaxAgeMs) return "expired";
      if (!known) remembered.set(sealed, { scope, pin });
      return pin;
    },
  };

  function ringNow(): Ring {
    const known = secretsNow();
    if (known !== ring.secrets) ring = ringOf(known);
    return ring;
  }
}

/** What follows from the secrets: with other secrets nothing of it holds, what was opened included. */
type Ring = ReturnType<typeof ringOf>;

function ringOf(secrets: readonly string[]) {
  const keys = secrets.map(keyFrom);
  const current = keys[0];
  if (!current) throw new Error("at least one gateway key is needed");
  return { secrets, keys, current, remembered: remember<{ scope: Scope; pin: Pin }>(maxRemembered) };
}

function unseal(keys: readonly Key[], sealed: string, scope: Scope): Pin | SealFailure {
  if (!sealed.startsWith(prefix) || sealed.length > maxSealedLength) return "malformed";
  const bytes = Buffer.from(sealed.slice(prefix.length), "base64url");
  // Decoding forgives stray characters and padding bits; only the one spelling we gave out is taken.
  if (bytes.toString("base64url") !== sealed.slice(prefix.length)) return "malformed";
  const key = keys.find(({ id }) => id.equals(bytes.subarray(0, keyIdBytes)));
  if (bytes.length <= keyIdBytes + nonceBytes + tagBytes) return "malformed";
  if (!key) return "unknown-key";
  const nonce = bytes.subarray(keyIdBytes, keyIdBytes + nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", key.secret, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(bound(scope)));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    const cipherText = bytes.subarray(keyIdBytes + nonceBytes, -tagBytes);
    return pinFrom(decipher.update(cipherText, undefined, "utf8") + decipher.final("utf8"));
  } catch {
    return "foreign";
  }
}

function isSame(one: Scope, other: Scope): boolean {
  return one.adapterUid === other.adapterUid && one.principalKey === other.principalKey;
}

/** The uid has a fixed length, so no other pair gives the same text. */
function bound(scope: Scope): string {
  return `${scope.adapterUid}|${scope.principalKey}`;
}

function pinFrom(plain: string): Pin {
  const first = plain.indexOf(".");
  const second = plain.indexOf(".", first + 1);
  return {
    issuedAtMs: Number.parseInt(plain.slice(0, first), 36),
    replica: plain.slice(first + 1, second),
    session: plain.slice(second + 1),
  };
}

type Key = { readonly id: Buffer; readonly secret: Buffer };

function keyFrom(secret: string): Key {
  const derived = Buffer.from(hkdfSync("sha256", secret, "", "mcp-gateway session seal 1", 32 + keyIdBytes));
  return { secret: derived.subarray(0, 32), id: derived.subarray(32) };
}

/** A map that forgets its oldest entries. */
function remember<Value>(max: number) {
  const entries = new Map<string, Value>();
  return {
    get: (key: string) => entries.get(key),
    set(key: string, value: Value) {
      if (entries.size >= max) entries.delete(entries.keys().next().value as string);
      entries.set(key, value);
    },
  };
}
