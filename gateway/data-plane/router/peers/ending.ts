/** Disposed, it lets go of the signals and the timer. */
export type Ending = Disposable & { readonly signal: AbortSignal };

/** Fires with the first of the signals, or after `ms`. */
export function endingWith(signals: readonly AbortSignal[], ms?: number): Ending {
  const controller = new AbortController();
  // Bun prints every reason but null for each stream that it ends.
  const end = () => controller.abort(null);
  const timer = ms === undefined ? undefined : setTimeout(end, ms);
  for (const signal of signals) {
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", end);
    },
  };
}

/** Resolves after `ms`, or at once when the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  using over = endingWith([signal], ms);
  await new Promise((resolve) => over.signal.addEventListener("abort", resolve, { once: true }));
}

/** What the promise gives, or undefined when the signal fires first. The promise itself goes on. */
export async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  if (signal.aborted) return undefined;
  using over = endingWith([signal]);
  const aborted = new Promise<undefined>((resolve) =>
    over.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  );
  return await Promise.race([promise, aborted]);
}
