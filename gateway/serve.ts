import type { Config } from "./config.ts";
import { type Events, eventsTo } from "./observe/events.ts";
import { openLog } from "./observe/log.ts";
import { type Gateway, openGateway } from "./parts.ts";

export type Served = {
  readonly url: string;
  /** Takes no more requests, lets those in flight finish up to a limit, then closes everything that was opened. */
  stop(reason: string): Promise<void>;
};

/** A whole gateway on its port. */
export async function serve(
  config: Config,
  open: (config: Config, events: Events) => Promise<Gateway> = openGateway,
): Promise<Served> {
  const events = eventsTo(openLog(config.logLevel, Boolean(process.stdout.isTTY)));
  await using opening = new AsyncDisposableStack();
  const gateway = opening.use(await open(config, events));
  const server = listen(config, gateway);
  const opened = opening.move();
  const url = `http://${config.host}:${server.port}`;
  const startMs = Math.round(performance.now());
  events.gatewayListening({ url, runtime: "local", store: "pglite", auth: config.auth.kind, startMs });

  let stopping: Promise<void> | undefined;
  return {
    url,
    stop(reason) {
      stopping ??= stop(reason);
      return stopping;
    },
  };

  async function stop(reason: string): Promise<void> {
    events.gatewayDraining(reason);
    gateway.drain();
    const { promise: limit, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, config.drainMs);
    await Promise.race([server.stop(), limit]);
    clearTimeout(timer);
    await server.stop(true);
    await opened.disposeAsync();
    events.gatewayStopped();
  }
}

function listen({ host, port }: Config, { fetch }: Gateway): Bun.Server<undefined> {
  try {
    return Bun.serve({
      port,
      hostname: host,
      // Bun cuts silent connections after 10 s; MCP streams are silent for hours.
      idleTimeout: 0,
      // Bodies are limited where they are read, so that the refusal is in the protocol's own words.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch,
    });
  } catch (cause) {
    throw new Error(`Cannot listen on ${host}:${port}. Stop what does, or choose another PORT or HOST.`, { cause });
  }
}
