import { linkedTo } from "./linked-signal.ts";
import type { Pause } from "../../pause.ts";

export type IdleTimer = Disposable & {
  /** Aborts when nothing was heard for so long, or with the signal given. */
  readonly signal: AbortSignal;
  heard(): void;
};

/** For a connection whose other end may be gone without a word. */
export function idleTimer({
  idleMs,
  now,
  pause,
  signal,
}: {
  idleMs: number;
  now: () => number;
  pause: Pause;
  signal: AbortSignal;
}): IdleTimer {
  const linked = linkedTo(signal);
  const over = new AbortController();
  let heardMs = now();
  void watch();
  return {
    signal: linked.signal,
    heard() {
      heardMs = now();
    },
    [Symbol.dispose]() {
      over.abort();
      linked[Symbol.dispose]();
    },
  };

  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      const leftMs = heardMs + idleMs - now();
      if (leftMs <= 0) return linked.abort(new Error(`nothing was heard for ${idleMs / 1000} s`));
      await pause(leftMs, over.signal);
    }
  }
}
