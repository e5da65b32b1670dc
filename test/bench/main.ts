/** Compares the gateway with nginx, HAProxy and the bare runtime, in front of the same upstreams. See README.md. */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, release, tmpdir } from "node:os";
import type { Cores } from "./children.ts";
import { startLoad } from "./load/client.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { watchOthers } from "./others.ts";
import { allowedCores } from "./proc.ts";
import { reportRequests, reportStreams } from "./report.ts";
import { measureRequests, measureStreams } from "./rounds.ts";
import { startStand } from "./stand.ts";
import type { Site } from "./targets/target.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") console.log(usage);
  else await run(options, interrupted.signal);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const cores = divideCores(allowedCores());
  raiseOpenFiles(2 * Math.max(options.streams, options.connections) + 2000);
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, Linux ${release()}, Bun ${Bun.version}; proxy on core ${cores.proxy}, load and upstreams on ${cores.rest}`;
  console.log(`${machine}\n`);

  const parts: Record<string, unknown>[] = [];
  for (const part of options.parts) {
    // Everything is started anew for each part: memory that requests took would hide what streams take.
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(`${tmpdir()}/mcp-gateway-bench-`);
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const site: Site = { cores, folder, signal, connections: Math.max(options.streams, options.connections) + 100 };
    const stand = stack.use(await startStand(site, options.targets));
    const load = stack.use(startLoad({ cores: cores.rest, folder, signal }));
    const othersCores = watchOthers();
    const { text, ...figures } =
      part === "requests"
        ? reportRequests(await measureRequests(load, stand, options), options, othersCores())
        : reportStreams(await measureStreams(load, stand, options, signal), options, othersCores());
    console.log(`${text}\n`);
    parts.push({ part, ...figures });
  }
  if (options.json !== undefined)
    await Bun.write(options.json, `${JSON.stringify({ machine, options, parts }, null, 2)}\n`);
}

/** The proxy gets a core for itself. */
function divideCores([proxy, ...rest]: number[]): Cores {
  if (proxy === undefined || rest.length === 0) throw new Error("the bench needs two cores: one is the proxy's alone");
  return { proxy: `${proxy}`, rest: rest.join() };
}

/** For this process and so for all it starts. */
function raiseOpenFiles(wanted: number): void {
  const raised = Bun.spawnSync(["prlimit", "--pid", `${process.pid}`, `--nofile=${wanted}:`]);
  const ok =
    raised.success || Bun.spawnSync(["prlimit", "--pid", `${process.pid}`, `--nofile=${wanted}:${wanted}`]).success;
  if (!ok) throw new Error(`${wanted} open files are needed: raise \`ulimit -Hn\`, or ask for fewer --streams`);
}
