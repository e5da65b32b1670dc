import type Registry from "prom-client/lib/registry.js";
import type { AccessLog } from "../logs/access-log.ts";
import type { Log } from "../logs/log.ts";
import type { RequestSeen } from "../requests/request-seen.ts";
import type { ToolCall } from "../requests/tool-call.ts";
import { trafficMetrics } from "../metrics/traffic-metrics.ts";

/** What happens to requests. `adapter` may be a path of ours, too: see `RequestSeen.place`. */
export function trafficEvents(log: Log, access: AccessLog, registry: Registry) {
  const metrics = trafficMetrics(registry);
  return {
    requestFailed: (at: { requestId: string; method: string; path: string }, error: unknown) =>
      log.error({ ...at, err: error }, "request failed"),
    requestAdmitted: metrics.admitted,
    requestRefused(what: { requestId: string; status: number; reason: string }) {
      metrics.refused(what.reason);
      log.info(what, "refused at the front door");
    },
    requestOver(request: RequestSeen) {
      metrics.requestOver(request);
      if (access.isOn()) access.write(request);
    },
    accessLogIsOn: access.isOn,
    streamOpened: (adapter: string) => metrics.streams(adapter, 1),
    streamClosed: (adapter: string) => metrics.streams(adapter, -1),

    callLimited(what: { requestId: string; adapter: string; what: string }) {
      metrics.limited(what.adapter, what.what);
      log.info(what, "over a limit");
    },
    /** The audit trail is told, too, where there is one. */
    toolCalled: (call: ToolCall) =>
      metrics.toolCalled(call.kind === "tool" ? `/tools/${call.name}` : call.name, call.tool, call.outcome),
    toolRefused: (what: { requestId: string; adapter: string; tool: string }) => log.info(what, "tool not allowed"),
    routerFailed: (what: { requestId: string; reason: string }) => log.info(what, "router refused or failed a request"),

    replicaHeld: metrics.held,
    upstreamFailed(what: { requestId: string; adapter: string; replica: string; reason: string }) {
      metrics.upstreamFailed(what.adapter, "broken");
      log.warn(what, "replica gave no whole answer");
    },
    noReplicaReady(what: { requestId: string; adapter: string }) {
      metrics.upstreamFailed(what.adapter, "unready");
      log.warn(what, "no replica ready");
    },

    sessionOpened: (what: { adapter: string; replica: string }) => metrics.sessionOpened(what.adapter, what.replica),
    sessionClosed: metrics.sessionClosed,
    sessionRefused(what: { requestId: string; adapter: string; reason: string }) {
      metrics.sessionLost(what.adapter, what.reason);
      log.info(what, "mcp session refused");
    },
    /** An adapter, a tool or a virtual server is no more: its figures go, too. */
    placeGone: metrics.forget,
    replicaGone: metrics.forgetReplica,
  };
}
