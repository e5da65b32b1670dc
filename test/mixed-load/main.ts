/** One gateway under calls, streams, leaving clients, kills and changes of scale, and what it loses: `--help`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type Options, readOptions, usage } from "./options.ts";
import { run } from "./run.ts";
import { openStand } from "./stand.ts";
import { isGood, summaryText } from "./summary.ts";

const idleSeconds = 15;

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") console.log(usage);
  else process.exitCode = (await mixedLoad(options, interrupted.signal)) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Whether all was well. If not, the gateway's log stays. */
async function mixedLoad(options: Options, signal: AbortSignal): Promise<boolean> {
  const folder = await mkdtemp(`${tmpdir()}/mcp-gateway-mixed-load-`);
  const { replicas, guard } = options;
  let isWell = false;
  try {
    await using stand = await openStand({ folder, replicas, guard, signal });
    const summary = await run(stand, { ...options, idleSeconds }, { signal, say: console.log });
    console.log(`\n${summaryText(summary)}`);
    isWell = isGood(summary);
    return isWell;
  } finally {
    if (isWell || signal.aborted) await rm(folder, { recursive: true, force: true });
    else console.log(`The gateway's log is ${folder}/gateway.log`);
  }
}
