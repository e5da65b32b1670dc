export type CertificateLimits = {
  readonly authorityMs: number;
  readonly leafMs: number;
  /** How long API servers may take to hear of a changed configuration. */
  readonly settleMs: number;
  readonly lookEveryMs: number;
  /** Authorities that are trusted beside the one that issues. */
  readonly maxPrevious: number;
  /** Of writes in one look: each is followed by another reading. */
  readonly maxSteps: number;
};

const dayMs = 24 * 60 * 60 * 1000;

export const certificateLimits: CertificateLimits = {
  authorityMs: 3650 * dayMs,
  leafMs: 90 * dayMs,
  settleMs: 60_000,
  lookEveryMs: 5_000,
  maxPrevious: 4,
  maxSteps: 8,
};
