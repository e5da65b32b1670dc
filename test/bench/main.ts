/** Compares the gateway with nginx, HAProxy and the bare runtime, in front of the same upstreams. See README.md. */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, release, tmpdir } from "node:os";
import { chart } from "./chart.ts";
import type { Cores } from "./children.ts";
import { startLoad } from "./load/client.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { abort } from "./parts/abort.ts";
import { adapters } from "./parts/adapters.ts";
import { churn } from "./parts/churn.ts";
import { large } from "./parts/large.ts";
import type { Part, PartName, Place, Report } from "./parts/part.ts";
import { recovery } from "./parts/recovery.ts";
import { requests } from "./parts/requests.ts";
import { streams } from "./parts/streams.ts";
import { allowedCores } from "./proc.ts";
import type { Site } from "./targets/target.ts";

const parts: Record<PartName, Part> = { requests, streams, large, abort, churn, recovery, adapters };

/** Beside the two that a proxy holds for each stream or connection. */
const spareFiles = 1000;

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
  const connections = Math.max(...options.streams, ...options.connections);
  raiseOpenFiles(2 * connections + spareFiles);
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, Linux ${release()}, Bun ${Bun.version}; proxy on core ${cores.proxy}, load and upstreams on ${cores.rest}`;
  console.log(`${machine}\n`);

  const reports: ({ part: PartName } & Report)[] = [];
  const place = () => openPlace({ cores, signal, connections: connections + 100 });
  for (const part of options.parts) {
    const report = await parts[part]({ options, signal, place });
    console.log(`${report.text.trimEnd()}\n${othersLine(report)}`);
    reports.push({ part, ...report });
  }
  if (options.json !== undefined) {
    const figures = reports.map(({ text, ...rest }) => rest);
    await Bun.write(options.json, `${JSON.stringify({ machine, options, parts: figures }, null, 2)}\n`);
  }
  if (options.chart !== undefined)
    await Bun.write(
      options.chart,
      chart(
        reports.flatMap(({ ratios }) => ratios),
        machine,
      ),
    );
}

async function openPlace(at: Omit<Site, "folder">): Promise<Place> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(`${tmpdir()}/mcp-gateway-bench-`);
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const load = opening.use(startLoad({ cores: at.cores.rest, folder, signal: at.signal }));
  const opened = opening.move();
  return { site: { ...at, folder }, load, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The proxy gets a core for itself. */
function divideCores([proxy, ...rest]: number[]): Cores {
  if (proxy === undefined || rest.length === 0) throw new Error("the bench needs two cores: one is the proxy's alone");
  return { proxy: `${proxy}`, rest: rest.join() };
}

/** For this process and so for all it starts. */
function raiseOpenFiles(wanted: number): void {
  const set = (limits: string) => Bun.spawnSync(["prlimit", "--pid", `${process.pid}`, `--nofile=${limits}`]).success;
  if (!set(`${wanted}:`) && !set(`${wanted}:${wanted}`))
    throw new Error(
      `${wanted} open files are needed, two for each of --streams and ${spareFiles} more: raise \`ulimit -Hn\`, or ask for fewer`,
    );
}

function othersLine({ othersCores }: Report): string {
  return othersCores === undefined ? "" : `\nOther processes kept ${othersCores.toFixed(2)} cores busy meanwhile.\n`;
}
