import { constants } from "node:os";
import { readConfig } from "./config.ts";
import { type Served, serve } from "./serve.ts";

const read = readConfig(process.env);
if (read.state === "invalid") {
  console.error(["The injector's settings are wrong:", ...read.problems.map((problem) => `  ${problem}`)].join("\n"));
  process.exit(1);
}
const { version } = await Bun.file(`${import.meta.dir}/../package.json`).json();
let served: Served | undefined;
let asked = false;
// Before it serves, too: the first process of a container dies of no signal that it does not handle.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => heed(signal));
served = await serve(read.config, version).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});

/** The first one lets reviews end, the second one waits for nothing. */
function heed(signal: "SIGTERM" | "SIGINT"): void {
  if (asked || !served) process.exit(128 + constants.signals[signal]);
  asked = true;
  void served.stop(signal).then(() => process.exit(0));
}
