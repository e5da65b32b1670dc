/** Timers cannot be set further ahead than this. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Fires when an event stream has to end: its client has gone, the gateway is closing, or the token that opened it has
 * expired. A client that is still there reconnects, with a new token if it needs one.
 */
export function streamSignal(
  gone: AbortSignal,
  closing: AbortSignal,
  expiresAtMs: number | undefined,
  nowMs: number,
): AbortSignal {
  if (expiresAtMs === undefined) return AbortSignal.any([gone, closing]);
  const expired = new AbortController();
  // Bun prints every reason but null for each stream that it ends.
  const timer = setTimeout(() => expired.abort(null), Math.min(Math.max(expiresAtMs - nowMs, 0), maxTimerMs));
  timer.unref();
  gone.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return AbortSignal.any([gone, closing, expired.signal]);
}
