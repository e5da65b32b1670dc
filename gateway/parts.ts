import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { createApp } from "./app.ts";
import { accessRules } from "./auth/access.ts";
import { allowedNames } from "./auth/allowed-names.ts";
import { identifyByToken } from "./auth/bearer.ts";
import { challenge as challengeFor } from "./auth/challenge.ts";
import { identifyByHeaders } from "./auth/dev.ts";
import { frontDoor, type Refusal } from "./auth/front-door.ts";
import { audiencesAt } from "./auth/metadata.ts";
import { publicOriginOf } from "./auth/public-origin.ts";
import { type Config, directoryOf } from "./config.ts";
import type { KubernetesSettings } from "./config/runtime.ts";
import { adapterVerbs } from "./control-plane/adapters.ts";
import { auditVerbs } from "./control-plane/audit-verbs.ts";
import { endpointsByManager } from "./control-plane/endpoints-by-manager.ts";
import { openReconciler } from "./control-plane/reconcile.ts";
import { openRegistrar } from "./control-plane/registrar.ts";
import { serverVerbs } from "./control-plane/servers.ts";
import { toolVerbs } from "./control-plane/tools.ts";
import { askReplica } from "./data-plane/ask-replica.ts";
import { forwardBySocket, usualLimits } from "./data-plane/forward.ts";
import { callLimits } from "./data-plane/limits/call-limits.ts";
import { liveSessions } from "./data-plane/live-sessions.ts";
import { proxy } from "./data-plane/proxy.ts";
import { replicasOf } from "./data-plane/replicas.ts";
import { seal } from "./data-plane/seal.ts";
import { unseen } from "./data-plane/seen.ts";
import { sessionWatch } from "./data-plane/session-watch.ts";
import { machineNetwork } from "./doctor/client/network.ts";
import { limitsInside } from "./doctor/limits.ts";
import { sentFrom } from "./doctor/upstream/sent-from.ts";
import { gatewayFigures, identityFigures } from "./figures.ts";
import { openGuards } from "./guarding.ts";
import { openKeys } from "./keys.ts";
import type { Metrics } from "./metrics-routes.ts";
import { doctorOnCall, routerOnCall, schemasOnCall } from "./on-call.ts";
import type { Events } from "./observe/events.ts";
import { audited, observerOf, openSpans } from "./observing.ts";
import type { Leadership, Runtime } from "./runtime/runtime.ts";
import { auditRetention } from "./store/audit-retention.ts";
import { auditTrail } from "./store/audit-trail.ts";
import { openPatiently } from "./store/open-patiently.ts";
import type { RestorableStore, Store } from "./store/store.ts";
import { storeWatch } from "./store/store-watch.ts";
import { timedStore } from "./store/timed-store.ts";
import { openView } from "./store/view.ts";

const newsMs = 1000;
/** What a gateway stands on: opened by whoever names it. */
export type Backends = { readonly store: Store; readonly runtime: Runtime; readonly leadership: Leadership };

/** The leadership of a gateway that has its runtime for itself. */
export const alone: Leadership = { leading: () => true, onChange: () => () => undefined };

export type Gateway = AsyncDisposable & {
  readonly fetch: ReturnType<typeof createApp>;
  /** Not ready any more: probes look elsewhere. Everything is served as before. */
  leave(): void;
  /** Ends event streams, so that clients reconnect elsewhere while calls in flight finish. */
  drain(): void;
};

/**
 * The composition root: the only file that names a backend, and loads no other than its settings name. What is opened is
 * disposed in reverse.
 */
export async function openGateway(config: Config, events: Events, metrics: Metrics): Promise<Gateway> {
  await using opening = new AsyncDisposableStack();
  const store = opening.use(await openStoreAt(config.storeUrl, { events, auditRetentionDays: config.audit.days }));
  const running = await openRuntime(config, events, opening);
  const gateway = opening.use(await assemble(config, events, { store, ...running }, metrics));
  const opened = opening.move();
  return { ...gateway, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** How callers are known, and what they hear who are not. */
async function openIdentity(
  { auth, publicOrigin }: Config,
  events: Events,
  opening: AsyncDisposableStack,
  originOf: (request: Request) => string,
) {
  if (auth.kind === "dev") return { identify: identifyByHeaders, resource: undefined, challenge: () => undefined };
  const { issuers, resource } = auth;
  const { openVerifier } = await import("./auth/oidc/verifier.ts");
  const verifier = opening.use(await openVerifier({ issuers, publicOrigin, now: Date.now, fetch, events }));
  opening.use(identityFigures(verifier, events));
  return {
    identify: identifyByToken(verifier),
    requiredScopes: resource.requiredScopes,
    audiencesOf: ({ url }: Request) =>
      publicOrigin ? audiencesAt(new URL(url).pathname, publicOrigin, resource.mode) : [],
    resource,
    challenge: (refusal: Refusal, request: Request) =>
      refusal.challenge && challengeFor(refusal.challenge, { url: request.url, origin: originOf(request), resource }),
  };
}

/** A gateway over backends that are already open. */
export async function assemble(
  config: Config,
  events: Events,
  { runtime, leadership, ...backends }: Backends,
  metrics?: Metrics,
): Promise<Gateway> {
  await using opening = new AsyncDisposableStack();
  const store = timedStore(backends.store, { now: () => performance.now(), events });
  const view = opening.use(await openView({ store, kinds: ["adapter", "tool", "server"], events }));
  const reconciler = opening.use(await openReconciler({ store, view, runtime, leadership, events }));
  const registrar = opening.use(
    openRegistrar({ store, view, found: runtime.found, leadership, events, now: Date.now }),
  );
  const originOf = (request: Request) => publicOriginOf(request, config);
  const identity = await openIdentity(config, events, opening, originOf);
  const names = allowedNames(config);
  const access = accessRules({ admin: config.adminRole, workloadIdentity: config.workloadIdentityRoles });
  const upstreams = opening.use(forwardBySocket(usualLimits, Date.now));
  const calls = callLimits({ settings: config.callLimits, now: Date.now });
  const { audit } = config;
  const tracing = opening.use(config.trace && (await openSpans(config.trace, events)));
  const trail = opening.use(auditTrail({ store, now: Date.now, events, kept: audit.arguments }));
  if (audit.days > 0) opening.use(auditRetention({ store, days: audit.days, now: Date.now, events }));
  const closing = new AbortController();
  const endpoints = endpointsByManager({ view, runtime });
  const traffic = {
    access,
    view,
    replicas: replicasOf(endpoints),
    forward: upstreams.forward,
    callLimits: calls,
    events: audit.calls ? audited(events, trail.note) : events,
    limits: { maxBodyBytes: config.maxBodyBytes, holdMs: config.holdMs, newsMs, toolTimeoutMs: config.toolTimeoutMs },
    closing: closing.signal,
    now: Date.now,
    nonce: () => Math.random().toString(36),
  };
  const { secrets } = opening.use(await openKeys(config, events));
  const guards = await openGuards({ config, secrets, runtime, leadership, events }, opening);
  const sealed = seal({ secrets, now: Date.now, randomBytes });
  const live = liveSessions(Date.now);
  opening.use(
    events.watched("sessions", () => live.count().map((each) => [each.adapter, each.replica, each.sessions])),
  );
  const toAdapters = proxy({ ...traffic, guards, seal: sealed, sessions: sessionWatch({ sessions: live, events }) });
  const schemas = schemasOnCall();
  const router = opening.use(routerOnCall({ ...traffic, proxy: toAdapters }, schemas));
  const resources = { access, store, reconciler, events, now: () => new Date() };
  const watch = opening.use(storeWatch({ store, view, now: Date.now, events }));
  const isStoreUp = () => watch.health() === "ok";
  const shown = { store, isStoreUp, view, trail, reconciler, registrar, leadership, endpoints, upstreams };
  opening.use(gatewayFigures(shown, events));
  const adapters = adapterVerbs({ ...resources, runtime, exposureOf: router.exposureOf });
  const toReplica = askReplica({ forward: upstreams.forward, guards });
  let isLeaving = false;
  const handle = createApp({
    frontDoor: frontDoor({ names, ...identity }),
    names,
    challenge: identity.challenge,
    resource: identity.resource,
    originOf,
    adapters,
    tools: toolVerbs({ ...resources, runtime, schemaProblem: async (schema) => (await schemas()).problemIn(schema) }),
    servers: serverVerbs({ ...resources, shownBy: router.serverStatus }),
    audit: auditVerbs({ access, store }),
    doctor: doctorOnCall({
      view,
      access,
      self: (request) => handle(request, { requestIP: () => null }),
      originOf,
      publicOrigin: config.publicOrigin,
      issuers: identity.resource?.issuers,
      endpointsOf: traffic.replicas.of,
      async statusOf(adapter, principal) {
        const found = await adapters.status(principal, adapter);
        return found.state === "found" ? found.status : undefined;
      },
      askReplica: async (request, endpoint, call) =>
        sentFrom(
          await toReplica(request, endpoint, {
            ...call,
            expiresAtMs: undefined,
            requestId: "",
            address: "unknown",
            seen: unseen,
          }),
        ),
      isGuarded: guards !== undefined,
      placeOf({ uid, name }, { key: principalKey }, sessionId) {
        const pin = sealed.open(sessionId, { adapterUid: uid, principalKey });
        return typeof pin === "string" ? undefined : traffic.replicas.pinned(name, pin.replica)?.name;
      },
      fetch,
      network: machineNetwork([]),
      now: Date.now,
      newId: () => crypto.randomUUID(),
      closing: closing.signal,
      limits: limitsInside(config.holdMs),
    }),
    proxy: toAdapters,
    router: router.handle,
    closing: closing.signal,
    health: () => (isLeaving ? "draining" : watch.health()),
    metrics: config.metrics.kind === "loopback" ? metrics : undefined,
    events,
    observe: observerOf(config, { events: traffic.events, tracing }),
    nextRequestId: requestIds(),
    maxBodyBytes: config.maxBodyBytes,
    // On loopback every client is this machine: nobody needs to ask the socket.
    addressOf: config.loopback
      ? () => "127.0.0.1"
      : (request, server) => server.requestIP(request)?.address ?? "unknown",
  });
  const opened = opening.move();
  return {
    fetch: handle,
    leave() {
      isLeaving = true;
    },
    drain() {
      // Bun prints every other reason for each stream that it ends.
      closing.abort(null);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A store by its URL. It throws one sentence when it cannot be opened, and a database that is starting is waited for. */
export async function openStoreAt(
  url: string,
  { events, auditRetentionDays }: { events: Events; auditRetentionDays?: number | undefined },
): Promise<RestorableStore> {
  const directory = directoryOf(url);
  if (directory !== undefined) {
    const { openPglite } = await import("./store/pglite.ts");
    return openPglite({ directory });
  }
  const retention = auditRetentionDays ? { auditRetentionDays } : {};
  return openPatiently<RestorableStore>({
    async open() {
      if (url.startsWith("cosmos+")) {
        const { openCosmos } = await import("./store/cosmos/open-cosmos.ts");
        return openCosmos({ url, events, now: Date.now, ...retention });
      }
      const { openPostgres } = await import("./store/postgres.ts");
      return openPostgres({ url, events });
    },
    now: Date.now,
    events,
  });
}

type Running = Pick<Backends, "runtime" | "leadership">;

async function openRuntime(config: Config, events: Events, opening: AsyncDisposableStack): Promise<Running> {
  const { dataDirectory, runtime: settings } = config;
  if (settings.kind === "kubernetes") return openKubernetes(settings, events, opening);
  const { file, named } = settings.imageCatalogue;
  const { secretsDirectory, guarded } = settings;
  const catalogue = { catalogueFile: file, catalogueRequired: named };
  const { localRuntime } = await import("./runtime/local/local-runtime.ts");
  return {
    runtime: opening.use(await localRuntime({ events, dataDirectory, secretsDirectory, guarded, ...catalogue })),
    leadership: alone,
  };
}

async function openKubernetes(
  { cluster, podName, ownNamespace, ...settings }: KubernetesSettings,
  events: Events,
  opening: AsyncDisposableStack,
): Promise<Running> {
  const [{ kubeClient }, { loadCluster }, { kubernetesRuntime }, { leadershipByLease }] = await Promise.all([
    import("./runtime/kubernetes/api/client.ts"),
    import("./runtime/kubernetes/api/kubeconfig.ts"),
    import("./runtime/kubernetes/kubernetes-runtime.ts"),
    import("./runtime/kubernetes/leadership.ts"),
  ]);
  const client = kubeClient(await loadCluster(cluster), { events });
  // A pod that is started again keeps its name, and is another process.
  const identity = `${podName ?? hostname()}_${randomBytes(4).toString("hex")}`;
  const runtime = opening.use(await kubernetesRuntime({ client, settings, instance: identity, now: Date.now, events }));
  const lease = { namespace: ownNamespace, name: settings.gatewayName };
  return { runtime, leadership: opening.use(leadershipByLease({ client, ...lease, identity, events })) };
}

/** Unique over gateways and restarts: a random beginning, then a count. */
function requestIds(): () => string {
  const beginning = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${beginning}-${(++count).toString(36)}`;
}
