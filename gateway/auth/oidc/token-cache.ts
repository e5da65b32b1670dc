import { hash } from "node:crypto";
import type { Identity } from "./identity.ts";

/** Tokens that were verified. It keeps their SHA-256: a copy of the gateway's memory holds nobody's token for long. */
export type TokenCache = {
  /** A token's name in here. */
  nameOf(token: string): string;
  get(name: string): Identity | undefined;
  put(name: string, identity: Identity): void;
  clear(): void;
  size(): number;
};

/** At most `maxEntries`, the oldest goes first; an entry lives as long as its token. */
export function tokenCache({ now, maxEntries }: { now: () => number; maxEntries: number }): TokenCache {
  const identities = new Map<string, Identity>();
  return {
    nameOf: (token) => hash("sha256", token, "base64"),
    get(name) {
      const identity = identities.get(name);
      if (identity === undefined || now() < identity.expiresAtMs) return identity;
      identities.delete(name);
      return undefined;
    },
    put(name, identity) {
      identities.delete(name);
      identities.set(name, identity);
      const [oldest] = identities.keys();
      if (identities.size > maxEntries && oldest !== undefined) identities.delete(oldest);
    },
    clear: () => identities.clear(),
    size: () => identities.size,
  };
}
