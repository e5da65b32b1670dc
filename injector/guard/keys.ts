import { type CryptoKey, importJWK } from "jose";
import { keysIn } from "../../gateway/assertion/jwks.ts";

export type Keys = Disposable & {
  /** The key of this id. One that is not known is looked for in the file at once, but not again and again. */
  find(kid: string): Promise<CryptoKey | undefined>;
  /** How many there are. */
  readonly size: number;
};

export type KeyEvents = {
  keysRead(what: { keys: number; added: number; removed: number }): unknown;
  keysUnreadable(what: { reason: string; kept: number }): unknown;
};

export type KeyLimits = {
  /** How old what is known of the file may be. */
  readonly lookEveryMs: number;
  /** No more often than this does an unknown key cause a reading. */
  readonly unknownKeyEveryMs: number;
};

export const keyLimits: KeyLimits = { lookEveryMs: 3000, unknownKeyEveryMs: 1000 };

/**
 * The gateway's public keys, out of a file that is read again and again. Looking beats being told here: a mounted ConfigMap changes
 * by a symbolic link two folders above, of which a watch on the file hears nothing. What cannot be read changes nothing: the keys
 * that are known stay. Resolves after the first reading.
 */
export async function openKeys({
  read,
  now,
  events,
  onRemoved,
  limits = keyLimits,
}: {
  /** The file's text; rejects in words. */
  read: () => Promise<string>;
  now: () => number;
  events: KeyEvents;
  /** A key that was known is the gateway's no more. */
  onRemoved: () => void;
  limits?: KeyLimits;
}): Promise<Keys> {
  let keys: ReadonlyMap<string, CryptoKey> = new Map();
  let seen: { readonly text: string } | { readonly reason: string } | undefined;
  let reading: Promise<void> | undefined;
  let searchedMs = Number.NEGATIVE_INFINITY;

  await look();
  const timer = setInterval(() => void look(), limits.lookEveryMs);
  timer.unref();

  return {
    async find(kid) {
      const key = keys.get(kid);
      if (key) return key;
      if (now() - searchedMs >= limits.unknownKeyEveryMs) searchedMs = now();
      else if (!reading) return undefined;
      await look();
      return keys.get(kid);
    },
    get size() {
      return keys.size;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };

  /** A volume that answers slowly is asked once at a time. */
  function look(): Promise<void> {
    reading ??= readOnce().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function readOnce(): Promise<void> {
    const found = await read().then(
      (text) => ({ text }),
      (error: unknown) => ({ reason: error instanceof Error ? error.message : String(error) }),
    );
    if (Bun.deepEquals(found, seen)) return;
    seen = found;
    const fresh = "text" in found ? await imported(found.text) : undefined;
    if (fresh) change(fresh);
    else events.keysUnreadable({ reason: "reason" in found ? found.reason : "is no JWK Set", kept: keys.size });
  }

  function change(fresh: ReadonlyMap<string, CryptoKey>): void {
    const before = new Set(keys.keys());
    const after = new Set(fresh.keys());
    keys = fresh;
    const removed = before.difference(after).size;
    if (removed > 0) onRemoved();
    events.keysRead({ keys: after.size, added: after.difference(before).size, removed });
  }
}

/** Undefined: it is no JWK Set. A key that is broken is none. */
async function imported(text: string): Promise<ReadonlyMap<string, CryptoKey> | undefined> {
  const published = keysIn(text);
  if (!published) return undefined;
  const keys = new Map<string, CryptoKey>();
  for (const { kid, x } of published) {
    const key = await importJWK({ kty: "OKP", crv: "Ed25519", x }, "EdDSA").catch(() => undefined);
    if (key && !(key instanceof Uint8Array)) keys.set(kid, key);
  }
  return keys;
}
