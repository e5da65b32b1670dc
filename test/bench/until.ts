/** Asks again and again until the answer is there. Rejects after `timeoutMs`, when `signal` fires, or when a child it needs ends. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  limits: { timeoutMs: number; signal?: AbortSignal; alive?: Promise<void> | undefined },
): Promise<T> {
  const deadline = performance.now() + limits.timeoutMs;
  for (;;) {
    limits.signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limits.timeoutMs / 1000} s`);
    await Promise.race([Bun.sleep(pauseMs), limits.alive ?? never]);
  }
}

const pauseMs = 20;

const never = new Promise<never>(() => {});
