import { pause as pauseFor } from "../../gateway/runtime/pause.ts";

/** Gives what cannot be done now, in words; undefined when all is well. */
export type Look = () => Promise<string | undefined>;

export type LookingEvents = {
  /** Told once for each reason, until it is another one. */
  certificatesFailed(reason: string): unknown;
  certificatesWell(): unknown;
};

/** Looks again and again until it is disposed. */
export function looking({
  look,
  everyMs,
  random = Math.random,
  pause = pauseFor,
  events,
}: {
  look: Look;
  everyMs: number;
  random?: () => number;
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  events: LookingEvents;
}): AsyncDisposable {
  const closing = new AbortController();
  const done = run();
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await done;
    },
  };

  async function run(): Promise<void> {
    let told: string | undefined;
    while (!closing.signal.aborted) {
      const reason = await look().catch(wordsOf);
      if (closing.signal.aborted) return;
      if (reason !== undefined && reason !== told) events.certificatesFailed(reason);
      if (reason === undefined && told !== undefined) events.certificatesWell();
      told = reason;
      // Not all at the same time.
      await pause(everyMs * (0.75 + 0.5 * random()), closing.signal);
    }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
