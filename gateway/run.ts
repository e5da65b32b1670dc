import { constants } from "node:os";
import { type Config, readConfig } from "./config.ts";
import { type Signal, signalsBy } from "./signals.ts";

export type Running = {
  /** Lets calls finish, and closes everything. */
  stop(reason: string): Promise<void>;
  /** From now on stopping waits for no call. */
  hurry(): void;
};

/** A program's life: its settings, its start, and what signals ask of it. Ends the process with a sentence if it cannot start. */
export async function run<Started extends Running>(
  environment: Readonly<Record<string, string | undefined>>,
  start: (config: Config) => Promise<Started>,
  signals: readonly Signal[] = ["SIGTERM", "SIGINT"],
): Promise<Started> {
  const read = readConfig(environment);
  if (read.state === "invalid") {
    console.error(["The gateway's settings are wrong:", ...read.problems.map((problem) => `  ${problem}`)].join("\n"));
    process.exit(1);
  }
  let started: Started | undefined;
  const wishOf = signalsBy(() => performance.now());
  // Before it serves, too: the first process of a container dies of no signal that it does not handle.
  for (const signal of signals) process.on(signal, () => heed(signal));
  started = await start(read.config).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
  return started;

  function heed(signal: Signal): void {
    const wish = started ? wishOf(signal) : "exit";
    if (wish === "finish") void started?.stop(signal).then(() => process.exit(0));
    if (wish === "hurry") started?.hurry();
    if (wish === "exit") process.exit(128 + constants.signals[signal]);
  }
}
