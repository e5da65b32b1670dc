/** Resolves with the promise, or when the signal aborts. */
export async function before(over: AbortSignal, promise: Promise<void>): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  over.addEventListener("abort", onAbort);
  if (over.aborted) resolve();
  await Promise.race([promise, aborted]).finally(() => over.removeEventListener("abort", onAbort));
}
