export type RestartLimits = { readonly restartFirstMs: number; readonly restartCapMs: number };

/** How long to wait before a process is started again, after it failed so many times in a row. */
export function restartDelayMs(failuresInARow: number, limits: RestartLimits): number {
  return Math.min(limits.restartFirstMs * 2 ** Math.max(0, failuresInARow - 1), limits.restartCapMs);
}

/** How a process ended, in words. */
export function endingOf(exit: { code: number | null; signal: string | number | null }): string {
  return exit.signal === null ? `exited with code ${exit.code ?? "unknown"}` : `killed by ${exit.signal}`;
}
