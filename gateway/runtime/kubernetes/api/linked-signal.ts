/**
 * A signal that aborts with another one or by itself. Disposing it takes it off the other, so that a signal which lives as
 * long as the process does not collect one listener per request.
 */
export type LinkedSignal = Disposable & {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
};

export function linkedTo(other: AbortSignal | undefined): LinkedSignal {
  const own = new AbortController();
  const follow = () => own.abort(other?.reason);
  if (other?.aborted) follow();
  else other?.addEventListener("abort", follow);
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    [Symbol.dispose]: () => other?.removeEventListener("abort", follow),
  };
}
