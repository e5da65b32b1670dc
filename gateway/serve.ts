import { setTimeout as sleep } from "node:timers/promises";
import { documentHead } from "../openapi/document.ts";
import type { Config } from "./config.ts";
import { followLogLevel } from "./log-level.ts";
import { listen, listenForMetrics } from "./listeners.ts";
import type { Metrics } from "./metrics-routes.ts";
import { type Events, eventsTo } from "./observe/events.ts";
import { type Family, familiesOf } from "./observe/metrics/families.ts";
import { exposition, processRegistry } from "./observe/metrics/registry.ts";
import { openOutput } from "./observe/logs/output.ts";
import { processFigures } from "./observe/metrics/process-figures.ts";
import { type Gateway, openGateway } from "./parts.ts";

export type Served = {
  readonly url: string;
  /** Where the figures have a port of their own. */
  readonly metricsUrl: string | undefined;
  /** All figures, for whoever shows them with those of other processes. */
  figures(): Promise<readonly Family[]>;
  /**
   * Fails readiness and, where a delay is set, serves on until proxies have heard of it. Then takes no more connections, ends
   * event streams, lets calls in flight finish up to a limit, and closes everything that was opened.
   */
  stop(reason: string): Promise<void>;
  /** From now on stopping waits for no call. */
  hurry(): void;
};

/** A whole gateway on its port; one of several that share it where the settings ask for workers. */
export async function serve(
  config: Config,
  open: (config: Config, events: Events, metrics: Metrics) => Promise<Gateway> = openGateway,
  idleSeconds?: number,
): Promise<Served> {
  const output = await openOutput(config.logLevel, Boolean(process.stdout.isTTY), () => events.logLinesDropped(1));
  const { log, access } = output;
  const registry = processRegistry({ name: "mcp_gateway", version: documentHead.info.version });
  const events = eventsTo(log, registry, access);
  const metrics: Metrics = (accept) => exposition(registry, accept);
  await using opening = new AsyncDisposableStack();
  if (config.logLevelFile) opening.use(await followLogLevel({ file: config.logLevelFile, log, events }));
  opening.use(processFigures(events));
  // Before anything that may take its time, and after everything that may: a gateway that starts or stops is worth a look.
  const shared = config.workers > 1;
  const metricsUrl = shared ? undefined : listenForMetrics(config, metrics, opening);
  const gateway = opening.use(await open(config, events, metrics));
  const server = listen(config, gateway.fetch, { shared, idleSeconds });
  const opened = opening.move();
  const url = `http://${config.host}:${server.port}`;
  const startMs = Math.round(performance.now());
  events.gatewayListening({
    url,
    metricsUrl,
    runtime: config.runtime.kind,
    store: config.storeUrl.slice(0, config.storeUrl.indexOf(":")),
    auth: config.auth.kind,
    startMs,
  });

  const hurry = new AbortController();
  let stopping: Promise<void> | undefined;
  return {
    url,
    metricsUrl,
    figures: () => familiesOf(registry),
    stop(reason) {
      stopping ??= stop(reason);
      return stopping;
    },
    hurry: () => hurry.abort(),
  };

  async function stop(reason: string): Promise<void> {
    events.gatewayDraining(reason);
    gateway.leave();
    await pause(config.shutdownDelayMs, hurry.signal);
    // Before streams end, so that their clients reconnect to another gateway. What is idle is closed here, too.
    const finished = server.stop();
    gateway.drain();
    await Promise.race([finished, pause(config.drainMs, hurry.signal)]);
    hurry.abort();
    await server.stop(true);
    await opened.disposeAsync();
    events.gatewayStopped();
    await output[Symbol.asyncDispose]();
  }
}

/** Ends early when the signal fires. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}
