import type { Config } from "./config.ts";
import { type Metrics, metricsPort } from "./metrics-routes.ts";

type Fetch = (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;

/** The gateway's port; `shared`: with other processes that ask for the same. Throws one sentence for whoever started it. */
export function listen({ host, port }: Config, fetch: Fetch, { shared }: { shared: boolean }): Bun.Server<undefined> {
  try {
    return Bun.serve({
      port,
      hostname: host,
      reusePort: shared,
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
