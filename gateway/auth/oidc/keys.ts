import { setTimeout as sleep } from "node:timers/promises";
import { type CryptoKey, createLocalJWKSet, type JWK, type ProtectedHeaderParameters } from "jose";
import type { ReadKeys } from "./key-reading.ts";

/** Resolves after so many milliseconds, or rejects when the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export type KeyEvents = {
  /** Each time. */
  issuerAsked(what: { issuer: string; result: "read" | "failed" }): unknown;
  /** There are keys that were not known. */
  issuerKeysRead(what: { issuer: string; keys: number }): unknown;
  /** `kept`: how many keys stay in use meanwhile. */
  issuerKeysUnreadable(what: { issuer: string; reason: string; kept: number }): unknown;
};

export type KeyLimits = {
  readonly refreshMs: number;
  /** Between readings while they fail. */
  readonly retryMs: number;
  /** No more often than this do keys that nobody knows cause a reading. */
  readonly unknownKeyCooldownMs: number;
  /** The same while readings fail. */
  readonly failureCooldownMs: number;
};

export type Found =
  | { readonly state: "found"; readonly key: CryptoKey }
  | { readonly state: "unknown" }
  | { readonly state: "unavailable"; readonly reason: string };

export type Keys = AsyncDisposable & {
  /**
   * The key that a token's header names. One that is not known is looked for at the issuer, once for all who ask, and not
   * again within the cooldown. `unavailable`: it might be there, but the issuer cannot be asked.
   */
  find(header: ProtectedHeaderParameters): Promise<Found>;
  /** Whether the issuer has been read at least once. */
  known(): boolean;
  /** What is known of it. `ageMs`: since the last reading that succeeded; undefined before. */
  state(): { readonly issuer: string; readonly keys: number; readonly ageMs: number | undefined };
};

/**
 * An issuer's keys, read again and again in the background. While the issuer is out of reach those that are known stay in
 * use. Resolves after the first reading, whether it succeeded or not.
 */
export async function openKeys({
  issuer,
  read,
  now,
  events,
  limits,
  onWithdrawn,
  pause = (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
  random = Math.random,
}: {
  issuer: string;
  read: ReadKeys;
  now: () => number;
  events: KeyEvents;
  limits: KeyLimits;
  /** A key that was known is not the issuer's any more. */
  onWithdrawn: () => void;
  pause?: Pause;
  random?: () => number;
}): Promise<Keys> {
  const closing = new AbortController();
  let known: KnownKeys | undefined;
  let readAtMs: number | undefined;
  let last: { atMs: number; failure: string | undefined } | undefined;
  let reading: Promise<void> | undefined;

  await refresh();
  const refreshing = keepFresh();

  return {
    async find(header) {
      const key = await known?.choose(header);
      if (key) return { state: "found", key };
      if (!coolsDown()) await refresh();
      const fresh = await known?.choose(header);
      if (fresh) return { state: "found", key: fresh };
      return last?.failure === undefined ? { state: "unknown" } : { state: "unavailable", reason: last.failure };
    },
    known: () => known !== undefined,
    state: () => ({ issuer, keys: known?.all.size ?? 0, ageMs: readAtMs === undefined ? undefined : now() - readAtMs }),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all([refreshing, reading]);
    },
  };

  async function keepFresh(): Promise<void> {
    while (!closing.signal.aborted) {
      const ms = last?.failure === undefined ? limits.refreshMs : limits.retryMs;
      // Up to a tenth more or less, so that many gateways do not ask at once. It rejects when aborted.
      await pause(ms * (0.9 + 0.2 * random()), closing.signal).catch(() => undefined);
      if (!closing.signal.aborted) await refresh();
    }
  }

  function refresh(): Promise<void> {
    reading ??= readOnce().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function readOnce(): Promise<void> {
    try {
      const fresh = knownKeys(await read(closing.signal));
      const before = known;
      known = fresh;
      readAtMs = now();
      last = { atMs: readAtMs, failure: undefined };
      events.issuerAsked({ issuer, result: "read" });
      if (before && !before.all.isSubsetOf(fresh.all)) onWithdrawn();
      if (!before || !fresh.all.isSubsetOf(before.all)) events.issuerKeysRead({ issuer, keys: fresh.all.size });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      last = { atMs: now(), failure: reason };
      if (closing.signal.aborted) return;
      events.issuerAsked({ issuer, result: "failed" });
      events.issuerKeysUnreadable({ issuer, reason, kept: known?.all.size ?? 0 });
    }
  }

  function coolsDown(): boolean {
    if (!last) return false;
    const ms = last.failure === undefined ? limits.unknownKeyCooldownMs : limits.failureCooldownMs;
    return now() - last.atMs < ms;
  }
}

type KnownKeys = {
  /** Each key as text, to see what comes and goes. */
  readonly all: ReadonlySet<string>;
  choose(header: ProtectedHeaderParameters): Promise<CryptoKey | undefined>;
};

function knownKeys(keys: JWK[]): KnownKeys {
  const select = createLocalJWKSet({ keys });
  return {
    all: new Set(keys.map((key) => JSON.stringify(key))),
    // It throws where none fits, several fit, or the one that fits is broken: there is no key to verify with.
    choose: ({ alg, kid }) => select({ alg: alg ?? "", kid }).catch(() => undefined),
  };
}
