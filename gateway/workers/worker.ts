import type { WorkerEnd } from "../observe/events/process.ts";
import type { Family } from "../observe/metrics/families.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** A process that serves at the shared port, as its supervisor sees it. */
export type Worker = {
  readonly pid: number;
  /** Gives its URL, or undefined if it ends before it listens. */
  readonly listening: Promise<string | undefined>;
  isListening(): boolean;
  /** With it all that it has said is passed on. */
  readonly ended: Promise<WorkerEnd>;
  /** As they are now; or as it gave them last, if it is too busy, or has ended. */
  figures(): Promise<readonly Family[]>;
  /** Lets it finish its calls; a second time, in a hurry. */
  stop(): void;
  kill(): void;
};

/** A worker that serves answers at once. */
const answerMs = 1000;

/** Starts a worker. `pass` takes what it writes to its standard output. */
export function startWorker(
  command: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  pass: (lines: ReadableStream<Uint8Array>) => Promise<void>,
): Worker {
  const listening = Promise.withResolvers<string | undefined>();
  let last: readonly Family[] = [];
  let answered: (() => void) | undefined;
  let isListening = false;
  /** With it the last message has come. */
  const disconnected = Promise.withResolvers<void>();
  const child = Bun.spawn([...command], {
    env: environment,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    ipc(message: FromWorker) {
      if (message.kind === "listening") {
        isListening = true;
        listening.resolve(message.url);
        return;
      }
      last = message.families;
      answered?.();
    },
    onDisconnect: () => disconnected.resolve(),
  });

  return {
    pid: child.pid,
    listening: listening.promise,
    isListening: () => isListening,
    ended: end(),
    figures,
    stop: () => child.kill("SIGTERM"),
    kill: () => child.kill("SIGKILL"),
  };

  async function end(): Promise<WorkerEnd> {
    await Promise.all([child.exited, pass(child.stdout), disconnected.promise]);
    isListening = false;
    listening.resolve(undefined);
    answered?.();
    const exit = child.signalCode ?? child.exitCode ?? "unknown";
    return { pid: child.pid, how: exit === 0 ? "asked" : "crashed", exit };
  }

  async function figures(): Promise<readonly Family[]> {
    if (child.exitCode !== null || child.signalCode !== null) return last;
    const { promise, resolve } = Promise.withResolvers<void>();
    answered = resolve;
    const limit = setTimeout(resolve, answerMs);
    child.send({ kind: "figures" } satisfies ToWorker);
    await promise;
    clearTimeout(limit);
    return last;
  }
}
