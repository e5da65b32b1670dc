import { constants } from "node:os";
import { readConfig } from "./config.ts";
import { type Served, serve } from "./serve.ts";

const read = readConfig(process.env);
if (read.state === "invalid") {
  console.error(["The guard's settings are wrong:", ...read.problems.map((problem) => `  ${problem}`)].join("\n"));
  process.exit(1);
}
let served: Served | undefined;
let isAsked = false;
// Before it serves, too: the first process of a container dies of no signal that it does not handle.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => heed(signal));
const { version } = (await Bun.file(new URL("../../package.json", import.meta.url)).json()) as { version: string };
served = await serve(read.config, version).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});

/** The first asks it to finish what is in flight, any other to leave at once. */
function heed(signal: "SIGTERM" | "SIGINT"): void {
  if (!served || isAsked) process.exit(128 + constants.signals[signal]);
  isAsked = true;
  void served.stop(signal).then(() => process.exit(0));
}
