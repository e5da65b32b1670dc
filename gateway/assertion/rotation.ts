import { leewaySeconds, maxAgeSeconds } from "./assertion.ts";
import type { PublishedKey, SigningKey } from "./keys.ts";

/** How long guards may take to read what was published. */
export type RotationLimits = { readonly settleMs: number };

export type Rotation = {
  /** What guards shall know. */
  readonly wanted: readonly PublishedKey[];
  readonly signing: SigningKey;
  /** Keys that are of no more use. */
  readonly forgotten: readonly SigningKey[];
};

/** An assertion that was signed just before its key was replaced. */
const lastUseMs = (maxAgeSeconds + leewaySeconds) * 1000;

/**
 * Which keys are published, and which one is signed with, so that no guard ever meets a key that it does not know: a new key is
 * used when every guard has had the time to read it, and an old one stays known until its last assertion is over. `known` are
 * all keys this gateway has, those of its settings first and current first; `settings` is how many of them are those. Pure.
 */
export function rotationOf(
  known: readonly [SigningKey, ...SigningKey[]],
  settings: number,
  published: readonly PublishedKey[],
  { settleMs }: RotationLimits,
  nowMs: number,
): Rotation {
  const sinceMs = new Map(published.map((key) => [key.kid, key.sinceMs]));
  const [current] = known;
  const currentSinceMs = sinceMs.get(current.kid) ?? nowMs;
  const isReplaced = nowMs >= currentSinceMs + settleMs + lastUseMs;
  const configured = known.slice(0, settings);
  const kids = new Set(configured.map(({ kid }) => kid));
  const added = configured.map(({ kid, x }) => ({ kid, x, sinceMs: sinceMs.get(kid) ?? nowMs }));
  const leaving = isReplaced ? [] : published.filter(({ kid }) => !kids.has(kid));
  return {
    wanted: [...added, ...leaving],
    signing: signingAmong(known, sinceMs, nowMs - settleMs),
    forgotten: isReplaced ? known.slice(settings) : [],
  };
}

/** The first that every guard knows, else the one that is known for longest; before anything is published, the current one. */
function signingAmong(
  known: readonly [SigningKey, ...SigningKey[]],
  sinceMs: ReadonlyMap<string, number>,
  settledMs: number,
): SigningKey {
  const since = (key: SigningKey) => sinceMs.get(key.kid) ?? Number.POSITIVE_INFINITY;
  const settled = known.find((key) => since(key) <= settledMs);
  return settled ?? known.reduce((best, key) => (since(key) < since(best) ? key : best));
}
