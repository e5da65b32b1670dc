import type { Server } from "./app.ts";
import type { Config } from "./config.ts";
import { Silence, usualIdleSeconds } from "./data-plane/upstream/silence.ts";
import { type Metrics, metricsPort } from "./metrics-routes.ts";

type Fetch = (request: Request, server: Server) => Response | Promise<Response>;

/** The gateway's port; `shared`: with other processes that ask for the same. Throws one sentence for whoever started it. */
export function listen(
  { host, port }: Config,
  fetch: Fetch,
  { shared, idleSeconds = usualIdleSeconds }: { shared: boolean; idleSeconds?: number },
): Bun.Server<undefined> {
  try {
    const server = Bun.serve({
      port,
      hostname: host,
      reusePort: shared,
      idleTimeout: idleSeconds,
      // Bodies are limited where they are read, so that the refusal is in the protocol's own words.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request) => fetch(request, connections),
    });
    const connections: Server = {
      requestIP: (request) => server.requestIP(request),
      silenceOf: (request) => new Silence(server, request, idleSeconds),
    };
    return server;
  } catch (cause) {
    throw new Error(`Cannot listen on ${host}:${port}. Stop what does, or choose another PORT or HOST.`, { cause });
  }
}

/** Where the figures have a port of their own; gives its URL. */
export function listenForMetrics(
  { host, metrics: settings }: Config,
  metrics: Metrics,
  opening: AsyncDisposableStack,
): string | undefined {
  if (settings.kind !== "own-port") return undefined;
  try {
    const server = Bun.serve({ port: settings.port, hostname: host, fetch: metricsPort(metrics) });
    opening.defer(() => server.stop(true));
    return `http://${host}:${server.port}/metrics`;
  } catch (cause) {
    throw new Error(`Cannot listen on ${host}:${settings.port}. Stop what does, or choose another METRICS_PORT.`, {
      cause,
    });
  }
}
