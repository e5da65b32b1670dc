/** What `kubectl logs` can ask for. */
export type LogQuery = {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly sinceMs: number | undefined;
  readonly limitBytes: number | undefined;
};

/** What one run of a container has said: the newest lines of it. */
export type ContainerLog = {
  write(text: string): void;
  end(): void;
  read(query: LogQuery, signal: AbortSignal): AsyncGenerator<string>;
};

type Line = { readonly atMs: number; readonly text: string };
const linesKept = 20_000;
const lineLength = 16_384;

export function containerLog(): ContainerLog {
  let lines: Line[] = [];
  let dropped = 0;
  let ended = false;
  let waiting = Promise.withResolvers<void>();

  function wake(): void {
    waiting.resolve();
    waiting = Promise.withResolvers();
  }

  return {
    write(text) {
      lines.push({ atMs: Date.now(), text: text.slice(0, lineLength) });
      if (lines.length > linesKept * 2) {
        dropped += lines.length - linesKept;
        lines = lines.slice(-linesKept);
      }
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *read(query, signal) {
      const { sinceMs = 0, limitBytes = Number.POSITIVE_INFINITY } = query;
      let next = dropped + Math.max(0, lines.length - (query.tailLines ?? lines.length));
      let bytesLeft = limitBytes;
      const over = aborted(signal);
      while (!signal.aborted && bytesLeft > 0) {
        next = Math.max(next, dropped);
        const line = lines[next - dropped];
        if (line === undefined) {
          if (!query.follow || ended) return;
          await Promise.race([waiting.promise, over]);
          continue;
        }
        next += 1;
        if (line.atMs < sinceMs) continue;
        const shown = textOf(line, query.timestamps).slice(0, bytesLeft);
        bytesLeft -= shown.length;
        yield shown;
      }
    },
  };
}

function textOf(line: Line, timestamps: boolean): string {
  return timestamps ? `${new Date(line.atMs).toISOString()} ${line.text}\n` : `${line.text}\n`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
