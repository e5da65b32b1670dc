import { existsSync, readFileSync } from "node:fs";
import { startChild } from "../children.ts";
import { processTree } from "../proc.ts";
import { announced, type Upstream, upstreamCount, upstreamProgram, upstreamsFolder } from "../upstreams.ts";
import { until } from "../until.ts";
import { answers, freePort } from "./port.ts";
import { register } from "./registered.ts";
import type { Site, Target } from "./target.ts";

/**
 * The gateway in laptop mode, with the upstreams as replicas of one adapter: as its users have it, with an access log, figures and
 * traces. `quiet`: without these. `guarded`: with a guard before each replica, too, whose costs are counted with the gateway's.
 * `adapters`: how many are registered in all; the others run nothing.
 */
export async function startGateway(
  site: Site,
  name: "quiet" | "gateway" | "guarded",
  adapters = 1,
): Promise<Target & { upstreams: Upstream[] }> {
  if (!existsSync(gatewayProgram)) throw new Error("there is no gateway/main.ts: leave it out with --targets");
  await using starting = new AsyncDisposableStack();
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  const folder = await upstreamsFolder(site, name);
  const catalogue = `${site.folder}/images-${name}.json`;
  await Bun.write(catalogue, JSON.stringify({ [image]: { command: [process.execPath, upstreamProgram] } }));

  const storeUrl = `pglite:${site.folder}/data-${name}`;
  if (adapters > 1) await register(adapters - 1, image, { folder: site.folder, storeUrl, signal: site.signal });

  const collector = starting.use(startCollector(site, name));
  let upstreams: Upstream[] = [];
  starting.defer(() => endLeftovers(upstreams));
  const child = starting.use(
    startChild({
      name,
      command: [process.execPath, gatewayProgram],
      cores: site.cores.proxy,
      folder: site.folder,
      environment: {
        PORT: `${port}`,
        HOST: "127.0.0.1",
        STORE_URL: storeUrl,
        IMAGE_CATALOGUE: catalogue,
        AUTH: "dev",
        DRAIN_SECONDS: "1",
        GUARD: name === "guarded" ? "on" : "off",
        ...(name === "quiet" ? unobserved : observed(collector.port)),
      },
    }),
  );
  const limits = { signal: site.signal, alive: child.ended };
  await answers(`${origin}/ping`, limits);
  await deploy(origin, folder);
  upstreams = await announced(folder, limits);
  await ready(origin, limits);
  // Replicas inherit the gateway's core, which is the proxy's alone.
  for (const { pid } of upstreams) Bun.spawnSync(["taskset", "-a", "-c", "-p", site.cores.rest, `${pid}`]);

  const started = starting.move();
  return {
    name,
    door: { origins: [origin], path: `/adapters/${adapter}/mcp` },
    pids: [child.pid, ...guardsOf(child.pid)],
    upstreams,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

const unobserved = { LOG_LEVEL: "warn", METRICS_PORT: "off" };
export const observed = (port: number) => ({
  LOG_LEVEL: "info",
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
});

export function startCollector(
  { cores, folder }: Pick<Site, "cores" | "folder">,
  name: string,
): AsyncDisposable & { port: number } {
  const port = freePort();
  const command = [process.execPath, `${import.meta.dir}/collector.ts`, `${port}`];
  const child = startChild({ name: `collector-${name}`, command, cores: cores.rest, folder });
  return { port, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** They share the gateway's core. */
function guardsOf(gateway: number): number[] {
  return processTree(gateway).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(guardProgram));
}

const guardProgram = "injector/guard/main.ts";
export const gatewayProgram = `${import.meta.dir}/../../../gateway/main.ts`;
const image = "bench-upstream";
const adapter = "bench";

async function deploy(origin: string, folder: string): Promise<void> {
  const answer = await fetch(`${origin}/adapters`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      name: adapter,
      imageName: image,
      imageVersion: "1",
      environmentVariables: { BENCH_UPSTREAMS: folder },
      replicaCount: upstreamCount,
    }),
  });
  if (answer.status !== 201) throw new Error(`POST /adapters: ${answer.status} ${await answer.text()}`);
}

const ready = (origin: string, limits: { signal: AbortSignal; alive: Promise<void> }): Promise<true> =>
  until(
    `adapter with ${upstreamCount} ready replicas`,
    async () => {
      const answer = await fetch(`${origin}/adapters/${adapter}/status`);
      const status = (await answer.json()) as { readyReplicas?: number };
      return status.readyReplicas === upstreamCount ? true : undefined;
    },
    { ...limits, timeoutMs: 30_000 },
  );

/** A gateway that had to be killed leaves its replicas. Only what is certainly an upstream is ended. */
function endLeftovers(upstreams: readonly Upstream[]): void {
  for (const { pid } of upstreams) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(upstreamProgram)) process.kill(pid, "SIGKILL");
    } catch {
      // Gone already, as it should be.
    }
  }
}
