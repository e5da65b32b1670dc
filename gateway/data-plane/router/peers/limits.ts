export type PeerLimits = {
  /** Connections kept: one per adapter and access. The one that was used longest ago goes first. */
  readonly connections: number;
  /** How long a connection is kept that nobody uses. */
  readonly idleMs: number;
  /** How long a server may take to say what it is. */
  readonly openMs: number;
  /** How long it may take to take what has no answer: a notification, the end of a session. */
  readonly tellMs: number;
  /** How long it is not asked again after it could not be reached. */
  readonly unreachableMs: number;
  /** How long what a server without sessions says of itself is taken for true. */
  readonly identityMs: number;
  /** Of one answer, with all that the server says before it. */
  readonly answerBytes: number;
  /** What a server may ask its client for during one request; each is refused in a message of its own. */
  readonly serverRequests: number;
  /** How often one answer's stream may end and be resumed (2025-11-25, polling). */
  readonly resumptions: number;
  /** Of one event on the stream on which a server says that its lists have changed. */
  readonly watchEventBytes: number;
  /** Pauses before that stream is opened again: the first, and the longest. */
  readonly rewatchMs: { readonly first: number; readonly longest: number };
};

export const usualPeerLimits: PeerLimits = {
  connections: 1000,
  idleMs: 5 * 60_000,
  openMs: 10_000,
  tellMs: 5000,
  unreachableMs: 3000,
  identityMs: 5 * 60_000,
  answerBytes: 16 * 1024 * 1024,
  serverRequests: 100,
  resumptions: 1000,
  watchEventBytes: 1024 * 1024,
  rewatchMs: { first: 1000, longest: 60_000 },
};
