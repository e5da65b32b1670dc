import { constants } from "node:os";
import { readConfig } from "./config.ts";
import { type Served, serve } from "./serve.ts";
import { type Signal, signalsBy } from "./signals.ts";

const read = readConfig(process.env);
if (read.state === "invalid") {
  console.error(["The gateway's settings are wrong:", ...read.problems.map((problem) => `  ${problem}`)].join("\n"));
  process.exit(1);
}
let served: Served | undefined;
const wishOf = signalsBy(() => performance.now());
// Before it serves, too: the first process of a container dies of no signal that it does not handle.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => heed(signal));
served = await serve(read.config).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});

function heed(signal: Signal): void {
  const wish = served ? wishOf(signal) : "exit";
  if (wish === "finish") void served?.stop(signal).then(() => process.exit(0));
  if (wish === "hurry") served?.hurry();
  if (wish === "exit") process.exit(128 + constants.signals[signal]);
}
