import { connectionPool, type PoolLimits } from "../../gateway/data-plane/upstream/pool.ts";
import { Silence, usualIdleSeconds } from "../../gateway/data-plane/upstream/silence.ts";
import { openLog } from "../../gateway/observe/logs/log.ts";
import { processRegistry } from "../../gateway/observe/metrics/registry.ts";
import type { Tracing } from "../../gateway/observe/traces/span.ts";
import type { TraceSettings } from "../../gateway/observe/traces/settings.ts";
import { pause } from "../../gateway/runtime/pause.ts";
import { answers } from "./answers.ts";
import type { Config } from "./config.ts";
import { type GuardEvents, guardEvents } from "./events.ts";
import { gate } from "./gate.ts";
import { healthRoutes } from "./health.ts";
import { readKeyFile } from "./key-file.ts";
import { openKeys } from "./keys.ts";
import { guardMetrics } from "./metrics.ts";
import { acceptsConnections } from "./open-port.ts";
import { type Connections, proxy } from "./proxy.ts";
import { activeSessions } from "./sessions.ts";

export type Served = {
  /** Fails readiness, takes no more connections, lets what is in flight finish for a while, and closes everything. */
  stop(reason: string): Promise<void>;
};

/** Node closes idle connections after 5 s, Python's servers too. */
const poolLimits: PoolLimits = { connectMs: 5000, idleMs: 4000, maxIdle: 256, maxOpen: 60_000 };
/** How long a request may take to finish when the guard stops. As a sidecar it stops after its server. */
const finishMs = 5000;
/** How long the server's port may take to accept a readiness probe. */
const probeMs = 1000;

/** A whole guard on its two ports. */
export async function serve(config: Config, version: string, idleSeconds = usualIdleSeconds): Promise<Served> {
  await using opening = new AsyncDisposableStack();
  const now = () => performance.now();
  const streams = { open: 0 };
  const sessions = activeSessions({ now });
  const registry = processRegistry({ name: "mcp_guard", version });
  const metrics = guardMetrics(registry, {
    keys: () => keys.size,
    sessions: () => sessions.count(),
    streams: () => streams.open,
  });
  const events = guardEvents(openLog(config.logLevel), metrics, now);
  const keys = opening.use(
    await openKeys({ read: () => readKeyFile(config.jwks), now, events, onRemoved: () => gatekeeper.forget() }),
  );
  const expected = { audience: config.audience, pod: config.podUid };
  const gatekeeper = gate({ keys, expected, now: Date.now });
  const tracing = opening.use(config.trace && (await openSpans(config.trace, version, events)));
  const pool = opening.use(connectionPool(poolLimits, now));
  const observing = { metrics, events, sessions, streams, tracing, now };
  let isStopping = false;

  const fetch = proxy({ gate: gatekeeper, keys, upstream: config.upstream, pool, events, observing });
  const health = healthRoutes({ unready, registry });
  const probed = opening.use(listen({ hostname: config.host, port: config.healthPort, idleSeconds }, health, events));
  const guarded = listen({ hostname: config.host, port: config.port, idleSeconds }, fetch, events);
  const opened = opening.move();
  events.listening({
    url: `http://${config.host}:${guarded.port}`,
    health: `http://${config.host}:${probed.port}`,
    audience: config.audience,
    startMs: Math.round(performance.now()),
  });

  return {
    async stop(reason) {
      if (isStopping) return;
      isStopping = true;
      events.stopping(reason);
      const finished = new AbortController();
      void guarded.stop().then(() => finished.abort());
      await pause(finishMs, finished.signal);
      await guarded.stop(true);
      await opened.disposeAsync();
      events.stopped();
    },
  };

  async function unready(): Promise<string | undefined> {
    if (isStopping) return "The guard is stopping.";
    if (keys.size === 0) return `There are no keys of the gateway in ${config.jwks}.`;
    if (await acceptsConnections(config.upstream, probeMs)) return undefined;
    return `The MCP server accepts no connection at ${config.upstream}.`;
  }
}

/** The library is loaded only for this: it takes several megabytes. */
async function openSpans(settings: TraceSettings, version: string, events: GuardEvents): Promise<Tracing> {
  const { openTracing } = await import("../../gateway/observe/traces/trace.ts");
  return openTracing(settings, { name: "mcp-guard", version }, events.spansDropped);
}

function listen(
  { hostname, port, idleSeconds }: { hostname: string; port: number; idleSeconds: number },
  fetch: (request: Request, connections: Connections) => Promise<Response>,
  events: Pick<GuardEvents, "requestFailed">,
): Bun.Server<undefined> {
  try {
    const server = Bun.serve({
      hostname,
      port,
      idleTimeout: idleSeconds,
      // A request's size is the gateway's business; here it streams through.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request) => fetch(request, connections),
      error(error) {
        events.requestFailed(error);
        return answers.internal();
      },
    });
    const connections: Connections = {
      requestIP: (request) => server.requestIP(request),
      silenceOf: (request) => new Silence(server, request, idleSeconds),
    };
    return server;
  } catch (cause) {
    throw new Error(`Cannot listen on ${hostname}:${port}.`, { cause });
  }
}
