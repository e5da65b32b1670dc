import { documentHead } from "../openapi/document.ts";
import type { Config } from "./config.ts";
import { listen, listenForMetrics } from "./listeners.ts";
import { eventsTo } from "./observe/events.ts";
import { openLog } from "./observe/logs/log.ts";
import { familiesOf, sourceOf } from "./observe/metrics/families.ts";
import { exposition, processRegistry } from "./observe/metrics/registry.ts";
import { root } from "./root.ts";
import type { Running } from "./run.ts";
import { pause } from "./runtime/pause.ts";
import { type RestartLimits, restartDelayMs } from "./runtime/restart.ts";
import { figuresOfAll } from "./workers/figures-of-all.ts";
import { lineRelay } from "./workers/line-relay.ts";
import { startWorker, type Worker } from "./workers/worker.ts";

const standardOutput = 1;
const restartLimits: RestartLimits = { restartFirstMs: 500, restartCapMs: 30_000 };
/** Who has lived so long was well. */
const wellMs = 60_000;

/**
 * Starts the workers that share the gateway's port, starts those again that end, and shows their figures as one gateway's. It is
 * on no request's way. Throws when one of them cannot start at all.
 */
export async function supervise(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Running> {
  const relay = lineRelay(standardOutput);
  const registry = processRegistry({ name: "mcp_gateway", version: documentHead.info.version });
  const events = eventsTo(openLog(config.logLevel, relay), registry);
  const figures = figuresOfAll({ figures: () => familiesOf(registry) });
  const port = freePort(config);
  const ofWorkers = { ...environment, PORT: String(port) };
  const living = new Set<Worker>();
  await using opening = new AsyncDisposableStack();
  const metrics = async (accept: string | null) => exposition(sourceOf(await figures.now()), accept);
  const metricsUrl = listenForMetrics(config, metrics, opening);
  opening.use(events.watched("workers", () => [...living].filter((worker) => worker.isListening()).length));
  const stopping = new AbortController();

  const first = Array.from({ length: config.workers }, start);
  const url = await urlOf(first);
  events.workersListening({ url, metricsUrl, workers: config.workers });
  const places = first.map(keep);
  const opened = opening.move();

  return {
    async stop(reason) {
      events.gatewayDraining(reason);
      stopping.abort();
      for (const worker of living) worker.stop();
      await Promise.all(places);
      await opened.disposeAsync();
      events.gatewayStopped();
      await relay.written();
    },
    hurry() {
      for (const worker of living) worker.stop();
    },
  };

  function start(): Worker {
    const command = [process.execPath, ...process.execArgv, `${root}/gateway/worker-main.ts`];
    const worker = startWorker(command, ofWorkers, relay.pass);
    living.add(worker);
    figures.add(worker);
    return worker;
  }

  /** One worker after another at one place, until all shall stop. */
  async function keep(first: Worker): Promise<void> {
    let worker = first;
    for (let failures = 0; ;) {
      const beganMs = performance.now();
      const end = await worker.ended;
      living.delete(worker);
      await figures.remove(worker);
      if (stopping.signal.aborted) return;
      if (end.how === "asked" || performance.now() - beganMs > wellMs) failures = 0;
      else failures++;
      const pauseMs = failures === 0 ? 0 : restartDelayMs(failures, restartLimits);
      events.workerEnded({ ...end, pauseMs });
      await pause(pauseMs, stopping.signal);
      if (stopping.signal.aborted) return;
      worker = start();
    }
  }
}

/** Where all of them listen. None is waited for once another has failed. */
async function urlOf(workers: readonly Worker[]): Promise<string> {
  try {
    const urls = await Promise.all(workers.map(listens));
    return urls[0] as string;
  } catch (error) {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ ended }) => ended));
    throw error;
  }
}

async function listens({ listening }: Worker): Promise<string> {
  const url = await listening;
  if (url === undefined) throw new Error("A worker of the gateway has not started; what it wrote says why.");
  return url;
}

/** Says at once when somebody else has the port: among workers, anybody would be let in. */
function freePort(config: Config): number {
  const server = listen(config, () => new Response(), { shared: false });
  const { port = config.port } = server;
  void server.stop(true);
  return port;
}
