import type { Log } from "./log.ts";

/** One function per thing worth knowing; each says it once, in one place. Values, secrets and bodies never get here. */
export type Events = ReturnType<typeof eventsTo>;

export function eventsTo(log: Log) {
  return {
    gatewayListening: (at: { url: string; runtime: string; store: string; auth: string; startMs: number }) =>
      log.info(at, "listening"),
    gatewayDraining: (signal: string) => log.info({ signal }, "draining"),
    gatewayStopped: () => log.info("stopped"),
    gatewayKeysChanged: (what: { file: string; keys: number; added: number; removed: number }) =>
      log.info(what, "gateway keys changed"),
    gatewayKeysUnusable: (what: { file: string; reason: string; kept: number }) =>
      log.warn(what, "gateway keys cannot be read, those known stay in use"),
    guardKeysPublished: (what: { keys: number }) => log.info(what, "keys published to guards"),
    guardKeyChanged: (what: { signing: string }) => log.info(what, "guards know this key, signs with it from now on"),
    guardKeysNotPublished: (reason: string) =>
      log.error({ reason }, "keys not published to guards, those they know stay in use"),
    requestFailed: (at: { requestId: string; method: string; path: string }, error: unknown) =>
      log.error({ ...at, err: error }, "request failed"),

    requestRefused: (what: { requestId: string; status: number; reason: string }) =>
      log.info(what, "refused at the front door"),
    issuerKeysRead: (what: { issuer: string; keys: number }) => log.debug(what, "issuer's keys read"),
    issuerKeysUnreadable: (what: { issuer: string; reason: string; kept: number }) =>
      log.warn(what, "issuer's keys cannot be read, those known stay in use"),

    resourceWritten: (what: {
      action: string;
      kind: string;
      name: string;
      revision: number;
      by: string;
      requestId: string;
    }) => log.info(what, "resource written"),
    changeFeedFailed: (error: unknown) => log.error({ err: error }, "change feed failed"),
    storeSilent: (error: unknown) => log.error({ err: error }, "the database does not answer: reads and changes wait"),
    storeBack: (what: { awayMs: number }) => log.warn(what, "the database answers again"),
    storeNotOpened: (what: { attempt: number; retryInMs: number }, error: unknown) =>
      log.warn({ ...what, err: error }, "the database cannot be opened yet, will retry"),
    recordHidden: (what: { kind: string; name: string; reason: string }) =>
      log.warn(what, "this document is no record of ours, and is not shown"),
    sweepFailed: (error: unknown) => log.warn({ err: error }, "left-overs of an interrupted write not cleared yet"),
    reconcileFailed: (what: { kind: string; name: string; attempt: number; retryInMs: number }, error: unknown) =>
      log.warn({ ...what, err: error }, "reconcile failed, will retry"),
    leftoverKept: (what: { name: string }) =>
      log.error(
        what,
        "this workload has no record, and the store has none at all: is it the right store? left running",
      ),
    registrationFailed: (what: { adapter: string; attempt: number; retryInMs: number }, error: unknown) =>
      log.warn({ ...what, err: error }, "an adapter found in the cluster is not registered as it is yet, will retry"),
    resyncFailed: (error: unknown) => log.warn({ err: error }, "cannot list what runs, will look again"),

    replicaStarted: (replica: { replica: string; id: string; pid: number; port: number; guardPid?: number }) =>
      log.info(replica, "replica started"),
    replicaReady: (replica: { replica: string; id: string; afterMs: number }) => log.info(replica, "replica ready"),
    replicaNotReady: (replica: { replica: string; id: string; reason: string }) =>
      log.warn(replica, "replica not ready"),
    replicaDraining: (replica: { replica: string; id: string }) => log.info(replica, "replica draining"),
    replicaStopped: (replica: { replica: string; id: string }) => log.info(replica, "replica stopped"),
    replicaEnded: (replica: { replica: string; id: string; reason: string; restartInMs: number }) =>
      log.warn(replica, "replica ended by itself, will restart"),
    kubernetesBusy: (what: { method: string; path: string; status: number; retryInMs: number }) =>
      log.info(what, "the API server asks for patience"),
    watchInterrupted: (what: { kind: string; namespace: string; reason: string; retryInMs: number }) =>
      log.warn(what, "watch interrupted, will go on"),
    leadershipChanged: (what: { leading: boolean; holder: string }) =>
      log.info(what, what.leading ? "leads: reconciles from now on" : "does not lead"),
    foundObjectWarned: (what: { adapter: string; object: string; reason: string; message: string }) =>
      log.warn(what, "something is wrong with an object that is labelled as an adapter's"),
    clusterEventLost: (what: { workload: string; reason: string }) => log.info(what, "event not written"),
    orphansEnded: (count: number) => log.warn({ count }, "ended replicas that a killed gateway had left behind"),

    mcpRequest: (request: { requestId: string; adapter: string; method: string; status: number; ms: number }) =>
      log.debug(request, "mcp request"),
    callLimited: (what: { requestId: string; adapter: string; what: string }) => log.info(what, "over a limit"),
    toolCalled: (call: Readonly<Record<string, unknown>>) => log.info(call, "tool call"),
    auditWriteFailed: (what: { attempt: number; waiting: number; retryInMs: number }, error: unknown) =>
      log.warn({ ...what, err: error }, "audit entries not written, will retry"),
    auditLost: (what: { count: number; why: string }) => log.error(what, "audit entries lost"),
    auditPurged: (what: { count: number; before: Date }) => log.info(what, "old audit entries removed"),
    auditPurgeFailed: (error: unknown) => log.warn({ err: error }, "old audit entries not removed"),
    routerFailed: (what: { requestId: string; reason: string }) => log.info(what, "router refused or failed a request"),
    toolRefused: (what: { requestId: string; adapter: string; tool: string }) => log.info(what, "tool not allowed"),
    upstreamFailed: (what: { requestId: string; adapter: string; replica: string; reason: string }) =>
      log.warn(what, "replica gave no answer"),
    sessionRefused: (what: { requestId: string; adapter: string; reason: string }) =>
      log.info(what, "mcp session refused"),
    noReplicaReady: (what: { requestId: string; adapter: string }) => log.warn(what, "no replica ready"),
  };
}
