export type ApiLimits = {
  /** For a request and its answer, each time it is sent. */
  readonly requestMs: number;
  /** Until the answer to a watch begins. */
  readonly openMs: number;
  /** How often a request is sent again because the server said when. */
  readonly maxRetries: number;
  readonly maxRetryAfterMs: number;
  readonly maxResponseBytes: number;
  readonly maxErrorBytes: number;
  readonly itemsPerPage: number;
  readonly maxPages: number;
  /** How often a list begins anew because its snapshot is gone. */
  readonly maxListRestarts: number;
};

export const apiLimits: ApiLimits = {
  requestMs: 30_000,
  openMs: 30_000,
  maxRetries: 4,
  maxRetryAfterMs: 10_000,
  maxResponseBytes: 64 * 1024 * 1024,
  maxErrorBytes: 64 * 1024,
  itemsPerPage: 500,
  maxPages: 200,
  maxListRestarts: 3,
};

export type ReflectorLimits = {
  /** A watch that says nothing for so long is dead: bookmarks come every minute. */
  readonly idleMs: number;
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** A watch that held for so long is a success, however it ended. */
  readonly heldMs: number;
  readonly maxLineBytes: number;
  /** How long the server is asked to keep a watch open, from and to: at random, so that not all come back at once. */
  readonly watchSeconds: readonly [from: number, to: number];
};

export const reflectorLimits: ReflectorLimits = {
  idleMs: 75_000,
  firstRetryMs: 200,
  maxRetryMs: 5_000,
  heldMs: 1_000,
  maxLineBytes: 8 * 1024 * 1024,
  watchSeconds: [240, 300],
};
