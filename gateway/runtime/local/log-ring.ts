export type LogRing = ReturnType<typeof logRing>;

const linesPerChunk = 256;

/**
 * The last lines that one instance wrote, over all its restarts. Followers read from the ring itself, each at its own pace, so
 * that a slow one costs neither memory nor anybody's time: it misses lines, and is told how many.
 */
export function logRing(limits: { logLines: number; logLength: number }) {
  let lines: string[] = [];
  let length = 0;
  /** Number of the line that `lines` begins with, counted from the first ever written. */
  let first = 0;
  /** Number of the first line of the latest run, and of the one before it. */
  let runBegins = 0;
  let previousBegins = 0;
  let closed = false;
  let wakers: (() => void)[] = [];

  function wake(): void {
    const waiting = wakers;
    wakers = [];
    for (const resume of waiting) resume();
  }

  /** Forgets in portions: taking one line off the front of a long array for each line written would cost too much. */
  function forget(): void {
    let drop = 0;
    while (lines.length - drop > limits.logLines || length > limits.logLength) {
      length -= (lines[drop] ?? "").length;
      drop += 1;
    }
    first += drop;
    lines = lines.slice(drop);
  }

  return {
    write(line: string): void {
      lines.push(line);
      length += line.length;
      if (lines.length > limits.logLines * 1.25 || length > limits.logLength) forget();
      wake();
    },

    /** What is written from now on is of another run. Where one replica takes another's place, both write for a while. */
    beginRun(): void {
      previousBegins = runBegins;
      runBegins = first + lines.length;
    },

    /** The last `tailLines` lines of the run before the latest one, as far as they are kept; none if there was none. */
    readPrevious({ tailLines }: { tailLines: number }): ReadableStream<Uint8Array> {
      const from = Math.max(first, previousBegins, runBegins - tailLines);
      const text = lines.slice(from - first, Math.max(from, runBegins) - first);
      return new Blob(text.map((line) => `${line}\n`)).stream();
    },

    /** Ends all followers once they have read what is there. */
    close(): void {
      closed = true;
      wake();
    },

    /** The last `tailLines` lines; with `follow` also those to come, until the signal aborts or the ring is closed. */
    read({ tailLines, follow, signal }: { tailLines: number; follow: boolean; signal: AbortSignal }) {
      const encoder = new TextEncoder();
      const until = first + lines.length;
      let next = Math.max(first, until - tailLines);
      let cancelled = false;

      return new ReadableStream<Uint8Array>(
        {
          start: () => signal.addEventListener("abort", wake),
          async pull(controller) {
            while (follow && !closed && !cancelled && !signal.aborted && next >= first + lines.length) {
              await new Promise<void>((resume) => wakers.push(resume));
            }
            const end = Math.min(follow ? first + lines.length : until, next + linesPerChunk);
            if (cancelled) return;
            if (signal.aborted || next >= end) {
              signal.removeEventListener("abort", wake);
              controller.close();
              return;
            }
            const missed = Math.max(0, first - next);
            const from = next + missed;
            const text = lines.slice(from - first, Math.max(from, end) - first);
            if (missed > 0) text.unshift(`… ${missed} lines skipped …`);
            next = Math.max(from, end);
            controller.enqueue(encoder.encode(text.map((line) => `${line}\n`).join("")));
          },
          cancel() {
            cancelled = true;
            signal.removeEventListener("abort", wake);
            wake();
          },
        },
        { highWaterMark: 0 },
      );
    },
  };
}
