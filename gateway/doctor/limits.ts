export type DoctorLimits = {
  /** Of the whole diagnosis. */
  readonly totalMs: number;
  /** For a connection, and for a TLS handshake. */
  readonly connectMs: number;
  /** For an answer, to the last byte that matters. More than a gateway holds a request for a replica to become ready. */
  readonly answerMs: number;
  /** For a document of metadata. */
  readonly documentMs: number;
  /** For the headers of a stream, and the first event of one that has to begin with one. */
  readonly streamStartMs: number;
  /** How long a stream is watched. */
  readonly watchMs: number;
  /** How long a stream is watched that is one of several. */
  readonly glanceMs: number;
  /** For what has no answer, and to leave things as they were. */
  readonly tellMs: number;
  readonly answerBytes: number;
  readonly documentBytes: number;
  readonly redirects: number;
  readonly addresses: number;
  readonly issuers: number;
  readonly toolPages: number;
  /** Calls in one session, each on a connection of its own. */
  readonly pinCalls: number;
  readonly replicas: number;
  /** From here on a certificate is about to expire. */
  readonly expiringDays: number;
  /** From here on a list of tools is too large for many models. */
  readonly manyTokens: number;
};

export const usualLimits: DoctorLimits = {
  totalMs: 120_000,
  connectMs: 5_000,
  answerMs: 10_000,
  documentMs: 5_000,
  streamStartMs: 3_000,
  watchMs: 3_000,
  glanceMs: 500,
  tellMs: 2_000,
  answerBytes: 4 * 1024 * 1024,
  documentBytes: 256 * 1024,
  redirects: 5,
  addresses: 4,
  issuers: 3,
  toolPages: 20,
  pinCalls: 6,
  replicas: 3,
  expiringDays: 14,
  manyTokens: 25_000,
};

/**
 * Within the gateway, which holds a request so long for a replica to become ready. What cuts streams stands before it, mostly, so
 * that they need not be watched for long.
 */
export function limitsInside(holdMs: number): DoctorLimits {
  return {
    ...usualLimits,
    totalMs: 30_000 + holdMs,
    connectMs: 3_000,
    answerMs: holdMs + 5_000,
    watchMs: 300,
    glanceMs: 200,
  };
}
