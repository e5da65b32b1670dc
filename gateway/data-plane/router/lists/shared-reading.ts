export type SharedReading<Result> = {
  /** Never rejects. */
  readonly done: Promise<Result>;
  /** `late` once the deadline has passed, or the one who waits has gone. */
  within(signal: AbortSignal): Promise<Result | "late">;
  end(): void;
};

/**
 * A reading for which several may wait. The deadline counts from its beginning, so that nobody waits for it who came
 * later; the reading itself may take up to `maxMs` and then gives `silent`, also when `read` does not heed its signal.
 */
export function sharedReading<Result>(
  read: (signal: AbortSignal) => Promise<Result>,
  {
    deadlineMs,
    maxMs,
    onOverdue,
    failed,
    silent,
  }: { deadlineMs: number; maxMs: number; onOverdue: () => void; failed: Result; silent: Result },
): SharedReading<Result> {
  const controller = new AbortController();
  const overdue = Promise.withResolvers<"late">();
  const ended = Promise.withResolvers<Result>();
  controller.signal.addEventListener("abort", () => ended.resolve(silent));
  const end = setTimeout(() => controller.abort(), maxMs);
  const deadline = setTimeout(() => {
    onOverdue();
    overdue.resolve("late");
  }, deadlineMs);
  const done = Promise.race([read(controller.signal).catch(() => failed), ended.promise]).finally(() => {
    clearTimeout(deadline);
    clearTimeout(end);
  });

  return {
    done,
    async within(signal) {
      if (signal.aborted) return "late";
      const gone = Promise.withResolvers<"late">();
      const leave = () => gone.resolve("late");
      signal.addEventListener("abort", leave);
      try {
        return await Promise.race([done, overdue.promise, gone.promise]);
      } finally {
        signal.removeEventListener("abort", leave);
      }
    },
    end: () => controller.abort(),
  };
}
