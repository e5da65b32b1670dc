import { openLog, openReadableLog } from "../gateway/observe/logs/log.ts";
import { processRegistry } from "../gateway/observe/metrics/registry.ts";
import { kubeClient, type KubeClient } from "../gateway/runtime/kubernetes/api/client.ts";
import { loadCluster } from "../gateway/runtime/kubernetes/api/kubeconfig.ts";
import { pause } from "../gateway/runtime/pause.ts";
import { missingGuards } from "./audit/missing-guards.ts";
import { certificateDirectory } from "./certificates/directory.ts";
import type { Issuer, issuer } from "./certificates/issue.ts";
import { certificateKeeper } from "./certificates/keeper.ts";
import { certificateLimits } from "./certificates/limits.ts";
import { type Look, looking } from "./certificates/looking.ts";
import type { Pair } from "./certificates/pair.ts";
import { serverClock } from "./certificates/server-clock.ts";
import { sharedState } from "./certificates/shared-state.ts";
import type { Certificates, Config } from "./config.ts";
import { type Events, eventsTo } from "./events.ts";
import { healthServer } from "./health.ts";
import { injectorMetrics } from "./metrics.ts";
import { endpoint } from "./webhook/endpoint.ts";
import { httpsServer } from "./webhook/https-server.ts";
import { webhookLimits } from "./webhook/limits.ts";
import { review } from "./webhook/review.ts";

export type Served = {
  /** Fails readiness, serves on until API servers have heard of it, lets reviews end, and closes everything. */
  stop(reason: string): Promise<void>;
};

/** A whole injector on its ports. */
export async function serve(config: Config, version: string): Promise<Served> {
  await using opening = new AsyncDisposableStack();
  const registry = processRegistry({ name: "mcp_injector", version });
  const log = process.stdout.isTTY ? await openReadableLog(config.logLevel) : openLog(config.logLevel);
  const events = eventsTo(log, injectorMetrics(registry), Date.now);
  const clock = serverClock({ fetch, now: Date.now });
  const client = kubeClient(await loadCluster(config.cluster), { events, fetch: clock.fetch });
  let shown: Pair | undefined;
  let draining = false;

  const { host } = config;
  const health = healthServer({ host, port: config.healthPort, unready, registry });
  opening.defer(() => health.stop(true));
  const webhook = await httpsServer({
    host,
    port: config.port,
    answer: answerer(config, events),
    limits: webhookLimits,
  });
  opening.defer(() => webhook.stop());
  const stopping = new AbortController();
  const lookEveryMs =
    config.certificates.kind === "kept" ? config.certificates.limits.lookEveryMs : certificateLimits.lookEveryMs;
  const look = certificatesIn(config.certificates, { client, now: clock.now, show, events, signal: stopping.signal });
  opening.use(looking({ look, everyMs: lookEveryMs, events }));
  opening.use(missingGuards({ client, namespace: config.namespace, instance: config.podName, now: Date.now, events }));
  opening.defer(() => stopping.abort());
  const opened = opening.move();
  events.injectorListening({
    webhook: webhook.port,
    health: health.port ?? 0,
    namespace: config.namespace,
    certificates: config.certificates.kind,
  });

  let stopped: Promise<void> | undefined;
  return {
    stop(reason) {
      stopped ??= stop(reason);
      return stopped;
    },
  };

  function unready(): string | undefined {
    if (draining) return "It is about to stop.";
    if (!shown) return "There is no certificate yet.";
    return clock.now() < shown.untilMs ? undefined : "The certificate has expired.";
  }

  function show(pair: Pair): void {
    webhook.use(pair);
    shown = pair;
    events.certificateShown(pair.untilMs);
  }

  async function stop(reason: string): Promise<void> {
    events.injectorDraining(reason);
    draining = true;
    webhook.drain();
    await pause(config.shutdownDelayMs, new AbortController().signal);
    await opened.disposeAsync();
    events.injectorStopped();
  }
}

function answerer({ namespace, guard }: Config, events: Events) {
  const settings = { namespace, guard };
  return endpoint({
    review: (body) => review(body, settings),
    now: () => performance.now(),
    events,
    limits: webhookLimits,
  });
}

type CertificateParts = {
  readonly client: KubeClient;
  readonly now: () => number;
  readonly show: (pair: Pair) => void;
  readonly events: Events;
  readonly signal: AbortSignal;
};

function certificatesIn(certificates: Certificates, { client, now, show, events, signal }: CertificateParts): Look {
  if (certificates.kind === "mounted") {
    const { directory } = certificates;
    return certificateDirectory({ directory, readText: (path) => Bun.file(path).text(), serve: show }).look;
  }
  const { namespace, service, limits } = certificates;
  const host = `${service}.${namespace}`;
  const names = [`${host}.svc`, `${host}.svc.cluster.local`, host, service];
  return certificateKeeper({
    state: sharedState({ client, signal, ...certificates }),
    issuer: issuerOnCall({ names, now, limits }),
    names,
    limits,
    now,
    elapsed: () => performance.now(),
    serve: show,
    events,
  }).look;
}

/** One injector makes a certificate, once in weeks: what that takes is loaded only then. */
function issuerOnCall(parts: Parameters<typeof issuer>[0]): Issuer {
  const loaded = async () => (await import("./certificates/issue.ts")).issuer(parts);
  return { authority: async () => (await loaded()).authority(), leaf: async (by) => (await loaded()).leaf(by) };
}
