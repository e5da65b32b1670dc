export type WebhookLimits = {
  /** An API server takes 3 MiB itself, and a review may hold an object twice. */
  readonly maxBodyBytes: number;
  /** Of all bodies that are being read. */
  readonly maxHeldBytes: number;
  /** After so many bytes of bodies the garbage is collected. */
  readonly collectEveryBytes: number;
  readonly maxConnections: number;
  readonly handshakeMs: number;
  /** From a request's head to its last byte; API servers wait for 30 s at most. */
  readonly bodyMs: number;
  /** From a request's head to the end of its answer. */
  readonly requestMs: number;
  /** Between requests, and for a request's head. API servers let go of an idle connection after 90 s, so it is they who close. */
  readonly idleMs: number;
  /** How long requests may take to end when the server stops. */
  readonly stopMs: number;
};

export const webhookLimits: WebhookLimits = {
  maxBodyBytes: 8 * 1024 * 1024,
  maxHeldBytes: 32 * 1024 * 1024,
  collectEveryBytes: 4 * 1024 * 1024,
  maxConnections: 1000,
  handshakeMs: 10_000,
  bodyMs: 10_000,
  requestMs: 30_000,
  idleMs: 120_000,
  stopMs: 5_000,
};
