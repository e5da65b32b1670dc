import {
  bounds,
  growing,
  healthy,
  histogram,
  minutes,
  ofGateway,
  ofGuard,
  ofInjector,
  steady,
  then,
} from "./healthy.ts";
import type { Scenario, Series } from "./promtool.ts";

const request = { adapter: "weather", method: "tools/call", rpc_error: "none", via: "client" };
const failing = { ...request, status: "503" };
const issuer = "https://login.example.com";
const isGone = "_x1";
const daySeconds = 86_400;

/** Of the healthy installation: what of it is otherwise. */
const changes: readonly { name: string; series: Series; firing: readonly string[]; at?: string }[] = [
  { name: "all is well", series: {}, firing: [] },
  {
    name: "no gateway is there",
    series: Object.fromEntries(
      Object.keys(healthy)
        .filter((each) => each.includes("gateway-"))
        .map((each) => [each, isGone]),
    ),
    firing: ["McpGatewayAbsent"],
  },
  {
    name: "no gateway can be scraped for some minutes",
    series: onBoth("mcp_gateway_build_info", { version: "0.1.0" }, `1x52 _x${minutes}`),
    firing: [],
  },
  { name: "one gateway does not answer", series: { [ofGateway("up")]: steady(0) }, firing: ["McpTargetDown"] },
  { name: "a guard does not answer", series: { [ofGuard("up")]: steady(0) }, firing: ["McpTargetDown"] },
  { name: "an injector does not answer for a moment", series: { [ofInjector("up")]: then(1, 55, 0) }, firing: [] },

  {
    name: "one in ten requests fails, of all",
    series: { [ofGateway("mcp_gateway_requests_total", failing)]: growing(150) },
    firing: ["McpGatewayFailuresFast", "McpGatewayFailuresSlow", "McpAdapterFailures"],
    at: "90m",
  },
  {
    name: "four in a hundred fail for hours",
    series: { [ofGateway("mcp_gateway_requests_total", failing)]: growing(50) },
    firing: ["McpGatewayFailuresSlow"],
    at: "100m",
  },
  {
    name: "many failed, and do no more",
    series: { [ofGateway("mcp_gateway_requests_total", failing)]: `0+200x40 8000x${minutes}` },
    firing: ["McpGatewayFailuresSlow"],
    at: "60m",
  },
  {
    name: "an idle gateway fails at most of a few requests",
    series: {
      ...idle(),
      [ofGateway("mcp_gateway_requests_total", { ...request, status: "200" })]: growing(0.1),
      [ofGateway("mcp_gateway_requests_total", failing)]: growing(0.2),
    },
    firing: [],
  },
  {
    name: "one adapter of many fails",
    series: {
      [ofGateway("mcp_gateway_requests_total", { ...failing, adapter: "mail" })]: growing(3),
      [ofGateway("mcp_gateway_requests_total", { ...failing, adapter: "mail", status: "200" })]: growing(10),
    },
    firing: ["McpAdapterFailures"],
  },
  {
    name: "calls of the router are not counted twice",
    series: { [ofGateway("mcp_gateway_requests_total", { ...failing, via: "router", adapter: "" })]: growing(200) },
    firing: ["McpAdapterFailures"],
  },
  {
    name: "the gateway itself is slow",
    series: overheadBelow(0.1),
    firing: ["McpGatewayOverheadHigh"],
  },

  {
    name: "a server crashes under its sessions",
    series: { [ofGateway("mcp_gateway_sessions_lost_total", { adapter: "weather", reason: "forgotten" })]: growing(5) },
    firing: ["McpSessionsLost"],
  },
  {
    name: "a rollout ends two hundred sessions at once",
    series: {
      [ofGateway("mcp_gateway_sessions_lost_total", { adapter: "weather", reason: "replica-gone" })]: then(0, 50, 200),
    },
    firing: [],
  },
  {
    name: "an old key was taken away too early",
    series: {
      [ofGateway("mcp_gateway_sessions_lost_total", { adapter: "weather", reason: "unknown-key" })]: growing(60),
    },
    firing: ["McpSessionIdsRefused"],
  },
  {
    name: "an adapter has no ready replica, and somebody asks for it",
    series: {
      ...onBoth("mcp_gateway_replicas_ready", { kind: "adapter", name: "weather" }, then(2, 45, 0)),
      [ofGateway("mcp_gateway_holds_total", { adapter: "weather", outcome: "unready" })]: growing(10),
    },
    firing: ["McpAdapterUnavailable", "McpRequestsUnserved"],
  },
  {
    name: "a single replica is replaced",
    series: onBoth("mcp_gateway_replicas_ready", { kind: "adapter", name: "weather" }, then(2, 57, 0)),
    firing: [],
  },
  {
    name: "one gateway has not heard of a replica yet",
    series: { [ofGateway("mcp_gateway_replicas_ready", { kind: "adapter", name: "weather" })]: steady(1) },
    firing: [],
  },
  {
    name: "a replica is missing",
    series: onBoth("mcp_gateway_replicas_ready", { kind: "adapter", name: "weather" }, steady(1)),
    firing: ["McpReplicasMissing"],
  },
  {
    name: "a replica crashes again and again",
    series: { [ofGateway("mcp_gateway_replica_ends_total", { name: "weather", how: "crashed" })]: growing(0.5) },
    firing: ["McpReplicasCrashing"],
  },

  {
    name: "an identity provider was never reached",
    series: { [ofGateway("mcp_gateway_issuer_keys", { issuer })]: steady(0) },
    firing: ["McpIssuerKeysUnknown"],
  },
  {
    name: "an identity provider is out of reach since two hours",
    series: { [ofGateway("mcp_gateway_issuer_keys_age_seconds", { issuer })]: growing(60, 3600) },
    firing: ["McpIssuerKeysOld"],
  },
  {
    name: "most tokens are of the wrong audience",
    series: onBoth("mcp_gateway_auth_total", { reason: "audience" }, growing(1500)),
    firing: ["McpCallersRefused"],
  },
  {
    name: "most requests are the first step of a sign-in",
    series: onBoth("mcp_gateway_auth_total", { reason: "no-token" }, growing(2000)),
    firing: [],
  },

  {
    name: "the cluster refuses an adapter",
    series: { [ofGateway("mcp_gateway_reconcile_lag_seconds", { kind: "workload", state: "failing" })]: growing(60) },
    firing: ["McpReconcileFailing"],
  },
  {
    name: "a removal does not end",
    series: {
      [ofGateway("mcp_gateway_reconcile_lag_seconds", { kind: "workload", state: "working" })]: growing(60, 1800),
    },
    firing: ["McpReconcileStuck"],
  },
  {
    name: "a slow start is worked on",
    series: { [ofGateway("mcp_gateway_reconcile_lag_seconds", { kind: "workload", state: "working" })]: steady(600) },
    firing: [],
  },
  { name: "nobody leads", series: { [ofGateway("mcp_gateway_leader")]: steady(0) }, firing: ["McpNoLeader"] },
  {
    name: "two lead",
    series: { [ofGateway("mcp_gateway_leader", {}, "gateway-b")]: steady(1) },
    firing: ["McpTwoLeaders"],
  },
  {
    name: "the lead goes to another gateway, and both are thought to have it for a moment",
    series: {
      [ofGateway("mcp_gateway_leader")]: then(1, 60, 0),
      [ofGateway("mcp_gateway_leader", {}, "gateway-b")]: then(0, 57, 1),
    },
    firing: [],
  },
  {
    name: "two laptops lead, each for itself",
    series: {
      'mcp_gateway_leader{job="mcp-gateway",instance="a"}': steady(1),
      'mcp_gateway_leader{job="mcp-gateway",instance="b"}': steady(1),
    },
    firing: [],
  },
  {
    name: "watches break off",
    series: { [ofGateway("mcp_gateway_watch_interruptions_total", { kind: "pods" })]: growing(2) },
    firing: ["McpKubernetesUnwatched"],
  },
  {
    name: "the REST API fails",
    series: {
      [ofGateway("mcp_gateway_rest_requests_total", { route: "/adapters", method: "GET", status: "5xx" })]: growing(5),
    },
    firing: ["McpRestFailures"],
  },

  {
    name: "the store is away",
    series: { [ofGateway("mcp_gateway_store_up")]: then(1, 50, 0) },
    firing: ["McpStoreDown"],
  },
  {
    name: "the store was away for a minute",
    series: { [ofGateway("mcp_gateway_store_up")]: `1x57 0 1x${minutes}` },
    firing: [],
  },
  { name: "the store is slow", series: storeBelow(5), firing: ["McpStoreSlow"] },
  {
    name: "a gateway hears of nothing",
    series: { [ofGateway("mcp_gateway_change_feed_age_seconds")]: growing(60) },
    firing: ["McpChangeFeedLate"],
  },
  {
    name: "a gateway cannot read a change",
    series: { [ofGateway("mcp_gateway_view_lag_seconds")]: growing(60) },
    firing: ["McpChangesUnread"],
  },
  {
    name: "audit entries pile up",
    series: { [ofGateway("mcp_gateway_audit_entries_waiting")]: growing(100) },
    firing: ["McpAuditWaiting"],
  },
  {
    name: "audit entries are lost",
    series: { [ofGateway("mcp_gateway_audit_entries_lost_total")]: then(0, 55, 40) },
    firing: ["McpAuditLost"],
  },

  { name: "the process is busy with one thing", series: delayBelow(0.5), firing: ["McpEventLoopBlocked"] },
  {
    name: "sockets run out",
    series: { [ofGateway("process_open_fds")]: steady(60_000) },
    firing: ["McpOpenFilesHigh"],
  },
  {
    name: "memory runs out",
    series: { [ofGateway("process_resident_memory_bytes")]: steady(1_000_000_000) },
    firing: ["McpMemoryHigh"],
  },
  {
    name: "another program has as much memory in a pod of that name",
    series: {
      [ofGateway("process_resident_memory_bytes", { job: "other", instance: "other:1" })]: steady(1_000_000_000),
    },
    firing: [],
  },
  {
    name: "a gateway starts again and again",
    series: { [ofGateway("process_start_time_seconds")]: `7x30 1900x5 2300x5 2700x${minutes}` },
    firing: ["McpGatewayRestarting"],
    at: "50m",
  },
  {
    name: "a level that is none is written into the ConfigMap",
    series: {
      [ofGateway("mcp_gateway_settings_file_changes_total", { setting: "LOG_LEVEL_FILE", result: "unusable" })]:
        `_x54 1x${minutes}`,
    },
    firing: ["McpSettingsUnusable"],
  },
  {
    name: "a bad level was written yesterday",
    series: {
      [ofGateway("mcp_gateway_settings_file_changes_total", { setting: "LOG_LEVEL_FILE", result: "unusable" })]:
        steady(1),
    },
    firing: [],
  },
  {
    name: "workers crash",
    series: { [ofGateway("mcp_gateway_worker_ends_total", { how: "crashed" })]: growing(1) },
    firing: ["McpWorkersCrashing"],
  },
  {
    name: "workers are restarted on purpose",
    series: { [ofGateway("mcp_gateway_worker_ends_total", { how: "asked" })]: growing(1) },
    firing: [],
  },
  {
    name: "spans are dropped",
    series: { [ofGateway("mcp_gateway_spans_dropped_total")]: growing(10) },
    firing: ["McpSpansDropped"],
  },
  {
    name: "a guard drops spans",
    series: { [ofGuard("mcp_guard_spans_dropped_total")]: growing(10) },
    firing: ["McpGuardSpansDropped"],
  },
  {
    name: "log lines are dropped",
    series: { [ofGateway("mcp_gateway_log_lines_dropped_total")]: growing(10) },
    firing: ["McpLogLinesDropped"],
  },

  {
    name: "somebody goes past the gateway",
    series: { [ofGuard("mcp_guard_refused_total", { reason: "missing" })]: growing(5) },
    firing: ["McpGuardRefusals"],
  },
  {
    name: "clocks differ",
    series: { [ofGuard("mcp_guard_refused_total", { reason: "expired" })]: growing(5) },
    firing: ["McpGuardClockSkew"],
  },
  { name: "a guard knows no key", series: { [ofGuard("mcp_guard_keys")]: steady(0) }, firing: ["McpGuardWithoutKeys"] },
  {
    name: "keys cannot be published",
    series: { [ofGateway("mcp_gateway_guard_key_publications_total", { result: "failed" })]: growing(1) },
    firing: ["McpGuardKeysUnpublished"],
  },

  {
    name: "the injectors are gone",
    series: {
      [ofInjector("up")]: `1x70 _x${minutes}`,
      [ofInjector("mcp_injector_build_info", { version: "0.1.0" })]: `1x70 _x${minutes}`,
    },
    firing: ["McpInjectorGone"],
    at: "100m",
  },
  {
    name: "an injector fails at a pod",
    series: { [ofInjector("mcp_injector_requests_total", { result: "error", reason: "failed" })]: `_x54 1x${minutes}` },
    firing: ["McpInjectorFailing"],
  },
  {
    name: "an injector is slow",
    series: histogram(ofInjector, "mcp_injector_request_duration_seconds", {
      bounds: bounds.review,
      below: 2.5,
      perMinute: 1,
    }),
    firing: ["McpInjectorSlow"],
  },
  {
    name: "pods have no guard",
    series: { [ofInjector("mcp_injector_pods_without_guard")]: steady(2) },
    firing: ["McpPodsWithoutGuard"],
  },
  {
    name: "the certificate was not renewed",
    series: { [ofInjector("mcp_injector_certificate_expiry_seconds")]: steady(20 * daySeconds) },
    firing: ["McpCertificateOld"],
  },
  {
    name: "the certificate ends in two days",
    series: { [ofInjector("mcp_injector_certificate_expiry_seconds")]: steady(2 * daySeconds) },
    firing: ["McpCertificateOld", "McpCertificateEnding"],
  },
  {
    name: "there is no certificate yet",
    series: { [ofInjector("mcp_injector_certificate_expiry_seconds")]: steady(0) },
    firing: [],
  },
  { name: "a gateway has just started and nobody has come", series: idle(), firing: [] },
  {
    name: "everything goes wrong at once, just now",
    series: justNow(),
    firing: [
      "McpAuditLost",
      "McpGuardClockSkew",
      "McpGuardRefusals",
      "McpInjectorFailing",
      "McpReplicasCrashing",
      "McpSettingsUnusable",
    ],
  },
];

export const scenarios: readonly Scenario[] = changes.map(({ name, series, firing, at = "60m" }) => ({
  name,
  series: { ...healthy, ...series },
  firing,
  at,
}));

/** In the minute that is looked at: what is over a minute later is not worth an alert, unless nothing can mend it. */
function justNow(): Series {
  const at = 59;
  const much = then(0, at, 100_000);
  const slow = (of: typeof ofGateway | typeof ofInjector, name: string, labels = {}) => ({
    [of(`${name}_bucket`, { ...labels, le: "+Inf" })]: much,
    [of(`${name}_count`, labels)]: much,
  });
  return {
    [ofGateway("up")]: then(1, at, 0),
    [ofGateway("mcp_gateway_requests_total", failing)]: much,
    ...slow(ofGateway, "mcp_gateway_overhead_seconds", { method: "tools/call" }),
    [ofGateway("mcp_gateway_sessions_lost_total", { adapter: "weather", reason: "forgotten" })]: much,
    [ofGateway("mcp_gateway_sessions_lost_total", { adapter: "weather", reason: "unknown-key" })]: much,
    [ofGateway("mcp_gateway_holds_total", { adapter: "weather", outcome: "unready" })]: much,
    ...onBoth("mcp_gateway_replicas_ready", { kind: "adapter", name: "weather" }, then(2, at, 0)),
    [ofGateway("mcp_gateway_replica_ends_total", { name: "weather", how: "crashed" })]: much,
    [ofGateway("mcp_gateway_issuer_keys", { issuer })]: then(3, at, 0),
    [ofGateway("mcp_gateway_issuer_keys_age_seconds", { issuer })]: then(600, at, 4000),
    [ofGateway("mcp_gateway_auth_total", { reason: "audience" })]: much,
    [ofGateway("mcp_gateway_reconcile_lag_seconds", { kind: "workload", state: "failing" })]: then(0, at, 4000),
    [ofGateway("mcp_gateway_reconcile_lag_seconds", { kind: "workload", state: "working" })]: then(0, at, 4000),
    [ofGateway("mcp_gateway_leader")]: then(1, at, 0),
    [ofGateway("mcp_gateway_watch_interruptions_total", { kind: "pods" })]: much,
    [ofGateway("mcp_gateway_rest_requests_total", { route: "/adapters", method: "GET", status: "5xx" })]: much,
    [ofGateway("mcp_gateway_store_up")]: then(1, at, 0),
    ...slow(ofGateway, "mcp_gateway_store_operation_duration_seconds", { operation: "get", result: "ok" }),
    [ofGateway("mcp_gateway_change_feed_age_seconds")]: then(9, at, 4000),
    [ofGateway("mcp_gateway_view_lag_seconds")]: then(0, at, 4000),
    [ofGateway("mcp_gateway_audit_entries_waiting")]: then(60, at, 9000),
    [ofGateway("mcp_gateway_audit_entries_lost_total")]: much,
    ...slow(ofGateway, "mcp_gateway_event_loop_delay_seconds"),
    [ofGateway("process_open_fds")]: then(900, at, 60_000),
    [ofGateway("process_resident_memory_bytes")]: then(300_000_000, at, 1_000_000_000),
    [ofGateway("mcp_gateway_settings_file_changes_total", { setting: "LOG_LEVEL_FILE", result: "unusable" })]: much,
    [ofGateway("mcp_gateway_spans_dropped_total")]: much,
    [ofGateway("mcp_gateway_log_lines_dropped_total")]: much,
    [ofGuard("mcp_guard_spans_dropped_total")]: much,
    [ofGuard("mcp_guard_refused_total", { reason: "missing" })]: much,
    [ofGuard("mcp_guard_refused_total", { reason: "expired" })]: much,
    [ofGuard("mcp_guard_keys")]: then(2, at, 0),
    [ofGateway("mcp_gateway_guard_key_publications_total", { result: "failed" })]: much,
    [ofInjector("mcp_injector_build_info", { version: "0.1.0" })]: `1x30 _x${minutes}`,
    [ofInjector("mcp_injector_requests_total", { result: "error", reason: "failed" })]: much,
    ...slow(ofInjector, "mcp_injector_request_duration_seconds"),
    [ofInjector("mcp_injector_pods_without_guard")]: then(0, at, 2),
    [ofInjector("mcp_injector_certificate_expiry_seconds")]: then(31 * daySeconds, at, 2 * daySeconds),
  };
}

function onBoth(metric: string, labels: Readonly<Record<string, string>>, values: string): Series {
  return { [ofGateway(metric, labels)]: values, [ofGateway(metric, labels, "gateway-b")]: values };
}

function overheadBelow(below: number): Series {
  const labels = { method: "tools/call" };
  return histogram(ofGateway, "mcp_gateway_overhead_seconds", {
    bounds: bounds.overhead,
    below,
    perMinute: 600,
    labels,
  });
}

function storeBelow(below: number): Series {
  const labels = { operation: "get", result: "ok" };
  return histogram(ofGateway, "mcp_gateway_store_operation_duration_seconds", {
    bounds: bounds.store,
    below,
    perMinute: 60,
    labels,
  });
}

function delayBelow(below: number): Series {
  return histogram(ofGateway, "mcp_gateway_event_loop_delay_seconds", { bounds: bounds.delay, below, perMinute: 600 });
}

/** Nothing is counted; gauges stay as they are. */
function idle(): Series {
  return Object.fromEntries(
    Object.entries(healthy)
      .filter(([, values]) => values.includes("+"))
      .map(([series]) => [series, isGone]),
  );
}
