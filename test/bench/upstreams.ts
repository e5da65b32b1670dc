import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { type Child, startChild } from "./children.ts";
import type { Site } from "./targets/target.ts";
import { upstreamFigures } from "./upstream/figures.ts";
import { until } from "./until.ts";

export const upstreamCount = 3;
export const upstreamProgram = `${import.meta.dir}/upstream/main.ts`;

export type Upstream = { pid: number; port: number };

/** Upstreams of our own, for when no gateway runs them. */
export async function startUpstreams(site: Site): Promise<AsyncDisposable & { upstreams: Upstream[] }> {
  await using starting = new AsyncDisposableStack();
  const folder = await upstreamsFolder(site);
  const children = Array.from({ length: upstreamCount }, (_, i): Child => {
    const child = startChild({
      name: `upstream-${i}`,
      command: [process.execPath, upstreamProgram],
      cores: site.cores.rest,
      folder: site.folder,
      environment: { BENCH_UPSTREAMS: folder, PORT: "0", HOST: "127.0.0.1" },
    });
    return starting.use(child);
  });
  const alive = Promise.race(children.map((child) => child.ended));
  const upstreams = await announced(folder, { signal: site.signal, alive });
  const started = starting.move();
  return { upstreams, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** A new folder where upstreams say which port they have. `of`: whose they are. */
export async function upstreamsFolder(site: Site, of = "all"): Promise<string> {
  const folder = `${site.folder}/upstreams-${of}`;
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Waits until all upstreams have said where they are. */
export const announced = (folder: string, limits: { signal: AbortSignal; alive: Promise<void> }): Promise<Upstream[]> =>
  until(
    `${upstreamCount} upstreams in ${folder}`,
    () => {
      const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
      if (files.length < upstreamCount) return undefined;
      return files.map((name): Upstream => JSON.parse(readFileSync(`${folder}/${name}`, "utf8")));
    },
    { ...limits, timeoutMs: 30_000 },
  );

/** Streams that upstreams still hold, as soon as that is none or after five seconds. Clients left: there should be none. */
export async function streamsLeft(upstreams: readonly Upstream[], signal: AbortSignal): Promise<number> {
  let left = 0;
  const none = until(
    "no open streams",
    async () => {
      const figures = await upstreamFigures(portsOf(upstreams));
      left = figures.reduce((total, { openStreams }) => total + openStreams, 0);
      return left === 0 ? left : undefined;
    },
    { timeoutMs: 5000, signal },
  );
  return none.catch(() => left);
}

export const portsOf = (upstreams: readonly Upstream[]): number[] => upstreams.map(({ port }) => port);
