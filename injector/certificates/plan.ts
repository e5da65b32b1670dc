import { type Authority, type Certificate, isDue, isValid, type Leaf } from "./certificate.ts";
import type { Held, Previous } from "./held.ts";
import type { CertificateLimits } from "./limits.ts";

/** How things are, as one injector sees them. */
export type View = {
  readonly held: Held;
  /** What each webhook of the configuration trusts; undefined when that cannot be seen. */
  readonly trusted: readonly (readonly Certificate[])[] | undefined;
  /** Fingerprints of what all of them have trusted for so long that every API server knows it. */
  readonly settled: ReadonlySet<string>;
  /** What this injector shows now. */
  readonly serving: Leaf | undefined;
};

/**
 * What is done next. `publish` writes the configuration, all others the Secret. `begin`: a new authority, and a leaf by it;
 * `renew`: another leaf by the same authority; `prepare`: another authority, to be trusted before it is used; `promote`: that one
 * takes over, with a leaf; `mend`: what is of no use is taken out; `forget`: so are those whose leaves are over.
 */
export type Step =
  | { readonly step: "rest" }
  | { readonly step: "begin"; readonly why: string; readonly previous: readonly Previous[] }
  | { readonly step: "renew"; readonly why: string }
  | { readonly step: "prepare" }
  | { readonly step: "promote"; readonly previous: readonly Previous[] }
  | {
      readonly step: "mend";
      readonly why: string;
      readonly next: Authority | undefined;
      readonly previous: readonly Previous[];
    }
  | { readonly step: "forget"; readonly previous: readonly Previous[] }
  | { readonly step: "publish"; readonly bundle: readonly Certificate[] };

/**
 * The same for every injector that sees the same, so that none has to lead. What makes a certificate usable goes before what makes
 * it trusted, and that before what can wait. Pure.
 */
export function nextStep(view: View, limits: CertificateLimits, nowMs: number): Step {
  return urgent(view, limits, nowMs) ?? preparing(view, limits, nowMs) ?? settling(view, limits, nowMs);
}

/** Until there is a leaf that can be used. */
function urgent(view: View, limits: CertificateLimits, nowMs: number): Step | undefined {
  const { authority, next, leaf, unusable } = view.held;
  if (!authority || !isValid(authority, nowMs)) {
    const previous = stillTrusted(view, limits, nowMs);
    if (next && isValid(next, nowMs)) return { step: "promote", previous };
    return { step: "begin", why: authority ? "the authority is out of its time" : lackOf(unusable), previous };
  }
  if (!leaf || !isValid(leaf, nowMs)) return { step: "renew", why: leaf ? "it is out of its time" : lackOf(unusable) };
  return isDue(leaf, nowMs) ? { step: "renew", why: "two thirds of its time are over" } : undefined;
}

/** Until the Secret holds what it should, and nothing else. */
function preparing(view: View, limits: CertificateLimits, nowMs: number): Step | undefined {
  const { authority, next, unusable } = view.held;
  const usable = next && isValid(next, nowMs) ? next : undefined;
  if (authority && isDue(authority, nowMs) && !usable) return { step: "prepare" };
  if (unusable.length === 0 && next === usable) return undefined;
  const why = unusable.length === 0 ? "the next authority is out of its time" : lackOf(unusable);
  return { step: "mend", why, next: usable, previous: stillTrusted(view, limits, nowMs) };
}

/** Until all of it is trusted, and what was replaced is not. */
function settling({ held, trusted, settled }: View, limits: CertificateLimits, nowMs: number): Step {
  const { authority, next, previous } = held;
  const own = [authority, next].filter((one) => one !== undefined);
  const bundle = [...own, ...previous.map(({ certificate }) => certificate)];
  if (trusted?.some((all) => !isSame(all, bundle))) return { step: "publish", bundle };

  if (authority && next && settled.has(next.fingerprint)) {
    const replaced = { certificate: authority, trustedUntilMs: nowMs + limits.leafMs };
    return { step: "promote", previous: [replaced, ...previous].slice(0, limits.maxPrevious) };
  }
  const needed = previous.filter((one) => isNeeded(one, nowMs));
  return needed.length === previous.length ? { step: "rest" } : { step: "forget", previous: needed };
}

/**
 * What an injector shows, given what the Secret holds: the new leaf, but while the old one is still good only when every API server
 * trusts who issued the new one.
 */
export function leafToServe({ held, trusted, settled, serving }: View, nowMs: number): Leaf | undefined {
  const { leaf } = held;
  if (!leaf || !isValid(leaf, nowMs)) return serving;
  if (!serving || !isValid(serving, nowMs) || leaf.issuer.fingerprint === serving.issuer.fingerprint) return leaf;
  const isTrusted = trusted?.every((all) => all.some(({ fingerprint }) => fingerprint === serving.issuer.fingerprint));
  return isTrusted === false || settled.has(leaf.issuer.fingerprint) ? leaf : serving;
}

/**
 * Whoever may have issued what some injector shows: its leaves are over when the time of trust is. Also who seems to be out of its
 * time: it may be our clock that is wrong, and a verifier looks at the time itself.
 */
function stillTrusted({ held, trusted, serving }: View, limits: CertificateLimits, nowMs: number): Previous[] {
  const others = [...held.previous.map(({ certificate }) => certificate), ...(trusted ?? []).flat()];
  const known = [...(serving ? [serving.issuer] : []), ...others.toSorted((one, other) => other.fromMs - one.fromMs)];
  const byFingerprint = new Map(known.map((certificate) => [certificate.fingerprint, certificate]));
  for (const own of [held.authority, held.next]) {
    if (own && isValid(own, nowMs)) byFingerprint.delete(own.fingerprint);
  }
  return [...byFingerprint.values()]
    .slice(0, limits.maxPrevious)
    .map((certificate) => ({ certificate, trustedUntilMs: nowMs + limits.leafMs }));
}

function isNeeded({ certificate, trustedUntilMs }: Previous, nowMs: number): boolean {
  return nowMs < Math.min(trustedUntilMs, certificate.untilMs);
}

function isSame(some: readonly Certificate[], others: readonly Certificate[]): boolean {
  const fingerprints = new Set(others.map(({ fingerprint }) => fingerprint));
  return some.length === fingerprints.size && some.every(({ fingerprint }) => fingerprints.has(fingerprint));
}

function lackOf(unusable: readonly string[]): string {
  return unusable.length === 0 ? "there is none" : `not usable in the Secret: ${unusable.join(", ")}`;
}
