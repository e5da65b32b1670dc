import type { ProtectedHeaderParameters } from "jose";
import { audienceOf } from "./audience.ts";
import { type Identity, identityOf, isOwnId, type Verified } from "./identity.ts";
import { type Fetch, keyReading, type ReadingLimits } from "./key-reading.ts";
import { type KeyEvents, type KeyLimits, type Keys, openKeys, type Pause } from "./keys.ts";
import { type RefusalReason, type Refused, refused } from "./refusal.ts";
import { audiencesOf, type IssuerSettings, issOf, issuerUrl } from "./settings.ts";
import { checkSignature } from "./signature.ts";
import { present } from "./token.ts";
import { tokenCache } from "./token-cache.ts";

/** `unavailable`: the token may be good, but its issuer's keys cannot be read just now; for the caller a 503. */
export type Verification = Verified | Refused | { readonly state: "unavailable"; readonly reason: string };

export type Verifier = AsyncDisposable & {
  /** Who this token was verified for and still is, without waiting; undefined says nothing: ask `verify`. */
  known(token: string): Identity | undefined;
  /** Reasons are for the log. Never rejects for what a token holds. */
  verify(token: string): Promise<Verification>;
  /** Every issuer's keys have been read at least once. */
  ready(): boolean;
  /** How many tokens are remembered. */
  remembered(): number;
  /** What is known of each issuer. */
  issuers(): ReturnType<Keys["state"]>[];
};

export type VerifierEvents = KeyEvents & {
  /** Whether a token was remembered; once for each request. */
  tokenLookedUp(result: "hit" | "miss"): unknown;
  tokenExamined(what: { result: "verified" | "refused" | "unavailable"; reason?: RefusalReason }): unknown;
};

export type VerifierLimits = ReadingLimits &
  KeyLimits & { readonly maxTokenLength: number; readonly maxCachedTokens: number };

export const verifierLimits: VerifierLimits = {
  maxTokenLength: 16 * 1024,
  maxCachedTokens: 10_000,
  readingMs: 5_000,
  maxDocumentBytes: 512 * 1024,
  maxKeys: 100,
  refreshMs: 10 * 60_000,
  retryMs: 30_000,
  unknownKeyCooldownMs: 30_000,
  failureCooldownMs: 5_000,
};

/**
 * Verifies access tokens of these issuers (parsed by `Issuers`). Opens after each issuer was asked for its keys once; one
 * that is out of reach does not keep the gateway from starting.
 */
export async function openVerifier({
  issuers,
  publicOrigin,
  now,
  fetch,
  events,
  limits = verifierLimits,
  pause,
  random,
}: {
  issuers: readonly IssuerSettings[];
  /** Tokens for URLs under it are for us, beside those for the issuer's audiences. */
  publicOrigin?: string;
  now: () => number;
  fetch: Fetch;
  events: VerifierEvents;
  limits?: VerifierLimits;
  pause?: Pause;
  random?: () => number;
}): Promise<Verifier> {
  await using opening = new AsyncDisposableStack();
  const cache = tokenCache({ now, maxEntries: limits.maxCachedTokens });
  const underWay = new Map<string, Promise<Verification>>();
  const prefixes = issuers.map(({ idPrefix }) => idPrefix);
  let withdrawals = 0;
  const opened = await Promise.all(issuers.map(openIssuer));
  const byIss = new Map(opened.flatMap((issuer) => issOf(issuer.settings).map((iss) => [iss, issuer] as const)));
  const open = opening.move();

  return {
    known(token) {
      if (token.length > limits.maxTokenLength) return undefined;
      const identity = cache.get(cache.nameOf(token));
      if (identity) events.tokenLookedUp("hit");
      return identity;
    },
    async verify(token) {
      events.tokenLookedUp("miss");
      if (token.length > limits.maxTokenLength) return examined(refused("too-long"));
      const name = cache.nameOf(token);
      const identity = cache.get(name);
      if (identity) return { state: "verified", identity };
      const verification = underWay.get(name) ?? verifyOnce(name, token).finally(() => underWay.delete(name));
      underWay.set(name, verification);
      return verification;
    },
    ready: () => opened.every(({ keys }) => keys.known()),
    remembered: cache.size,
    issuers: () => opened.map(({ keys }) => keys.state()),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };

  async function verifyOnce(name: string, token: string): Promise<Verification> {
    const before = withdrawals;
    const verification = examined(await examine(token));
    // A key that was withdrawn meanwhile may be the one that this token was verified with.
    if (verification.state === "verified" && before === withdrawals) cache.put(name, verification.identity);
    return verification;
  }

  function examined<V extends Verification>(verification: V): V {
    const { state } = verification;
    events.tokenExamined(state === "refused" ? { result: state, reason: verification.reason } : { result: state });
    return verification;
  }

  async function examine(token: string): Promise<Verification> {
    const presented = present(token);
    if (presented.state === "refused") return presented;
    const { header, alg, iss } = presented;
    const issuer = byIss.get(iss);
    if (!issuer) return refused("unknown-issuer");
    if (!issuer.settings.algorithms.includes(alg)) return refused("algorithm");
    return examineWith(issuer, token, header, iss);
  }

  async function examineWith(
    { settings, audiences, keys }: OpenIssuer,
    token: string,
    header: ProtectedHeaderParameters,
    iss: string,
  ): Promise<Verification> {
    const found = await keys.find(header);
    if (found.state === "unknown") return refused("unknown-key");
    if (found.state === "unavailable") return found;
    const expected = { algorithms: settings.algorithms, iss };
    const signed = await checkSignature(token, found.key, expected, now());
    if (signed.state === "refused") return signed;
    const audience = audienceOf(signed.claims, audiences, publicOrigin);
    if (audience.state === "refused") return audience;
    const { resources } = audience;
    const outcome = identityOf(settings, { typ: header.typ, claims: signed.claims, resources }, now());
    if (outcome.state === "refused") return outcome;
    return isOwnId(outcome.identity.principal.id, settings.idPrefix, prefixes) ? outcome : refused("foreign-id");
  }

  async function openIssuer(settings: IssuerSettings): Promise<OpenIssuer> {
    const issuer = issuerUrl(settings);
    const keys = await openKeys({
      issuer,
      read: keyReading({ issuer, jwksUrl: settings.jwksUrl, fetch, limits }),
      now,
      events,
      limits,
      onWithdrawn() {
        withdrawals++;
        cache.clear();
      },
      pause,
      random,
    });
    return { settings, audiences: audiencesOf(settings), keys: opening.use(keys) };
  }
}

type OpenIssuer = { readonly settings: IssuerSettings; readonly audiences: string[]; readonly keys: Keys };
