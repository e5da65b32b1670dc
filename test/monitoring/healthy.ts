import type { Series } from "./promtool.ts";

type Labels = Readonly<Record<string, string>>;

/** Minutes that are told. */
export const minutes = 110;

/** It stays so. */
export function steady(value: number): string {
  return `${value}x${minutes}`;
}

/** More by so many a minute. */
export function growing(perMinute: number, from = 0): string {
  return `${from}+${perMinute}x${minutes}`;
}

/** The one value for some minutes, then another one. */
export function then(first: number, forMinutes: number, second: number): string {
  return `${first}x${forMinutes} ${second}x${minutes}`;
}

const namespace = "adapter";

/** A series of the gateway of that pod. */
export function ofGateway(metric: string, labels: Labels = {}, pod = "gateway-a"): string {
  return series(metric, { namespace, pod, job: "mcp-gateway", instance: `${pod}:9090`, ...labels });
}

export function ofGuard(metric: string, labels: Labels = {}): string {
  const pod = "weather-0";
  return series(metric, { namespace, pod, job: "mcp-guard", instance: `${pod}:15020`, adapter: "weather", ...labels });
}

export function ofInjector(metric: string, labels: Labels = {}): string {
  const pod = "injector-a";
  return series(metric, { namespace, pod, job: "mcp-gateway-injector", instance: `${pod}:8080`, ...labels });
}

/** So many observations a minute, all of them at this bound or below. */
export function histogram(
  of: (metric: string, labels: Labels) => string,
  name: string,
  {
    bounds,
    below,
    perMinute,
    labels = {},
  }: { bounds: readonly number[]; below: number; perMinute: number; labels?: Labels },
): Series {
  const buckets = [...bounds.map(String), "+Inf"].map((le) => {
    const isCounted = le === "+Inf" || Number(le) >= below;
    return [of(`${name}_bucket`, { ...labels, le }), growing(isCounted ? perMinute : 0)] as const;
  });
  return Object.fromEntries([...buckets, [of(`${name}_count`, labels), growing(perMinute)]]);
}

export const bounds = {
  overhead: [0.001, 0.01, 0.025, 0.1, 1],
  delay: [0.001, 0.1, 0.25, 0.5, 5],
  store: [0.01, 0.5, 1, 2.5, 5],
  review: [0.01, 1, 2.5],
} as const;

const request = { adapter: "weather", method: "tools/call", rpc_error: "none", via: "client" };
const issuer = "https://login.example.com";

/** Two gateways that serve ten requests a second each, an adapter with two replicas, a guard and an injector. */
export const healthy: Series = {
  ...gatewayIn("gateway-a", { leads: 1 }),
  ...gatewayIn("gateway-b", { leads: 0 }),
  [ofGuard("up")]: steady(1),
  [ofGuard("mcp_guard_build_info", { version: "0.1.0" })]: steady(1),
  [ofGuard("mcp_guard_keys")]: steady(2),
  [ofGuard("mcp_guard_spans_dropped_total")]: steady(0),
  ...Object.fromEntries(
    ["missing", "unknown-key", "expired", "no-keys"].map((reason) => [
      ofGuard("mcp_guard_refused_total", { reason }),
      steady(reason === "no-keys" ? 30 : 0),
    ]),
  ),
  [ofInjector("up")]: steady(1),
  [ofInjector("mcp_injector_build_info", { version: "0.1.0" })]: steady(1),
  [ofInjector("mcp_injector_requests_total", { result: "inject", reason: "guarded" })]: growing(1),
  [ofInjector("mcp_injector_requests_total", { result: "error", reason: "http-404" })]: growing(1),
  ...histogram(ofInjector, "mcp_injector_request_duration_seconds", {
    bounds: bounds.review,
    below: 0.01,
    perMinute: 1,
  }),
  // 31 days, since time begins with 1970 here.
  [ofInjector("mcp_injector_certificate_expiry_seconds")]: steady(31 * 86_400),
  [ofInjector("mcp_injector_pods_without_guard")]: steady(0),
};

function gatewayIn(pod: string, { leads }: { leads: number }): Series {
  const of = (metric: string, labels: Labels = {}) => ofGateway(metric, labels, pod);
  return {
    [of("up")]: steady(1),
    [of("mcp_gateway_build_info", { version: "0.1.0" })]: steady(1),
    [of("mcp_gateway_requests_total", { ...request, status: "200" })]: growing(600),
    // One in a thousand, as always somewhere.
    [of("mcp_gateway_requests_total", { ...request, status: "503" })]: growing(0.6),
    ...histogram(of, "mcp_gateway_overhead_seconds", {
      bounds: bounds.overhead,
      below: 0.001,
      perMinute: 600,
      labels: { method: "tools/call" },
    }),
    [of("mcp_gateway_sessions_lost_total", { adapter: "weather", reason: "replica-gone" })]: growing(0.1),
    [of("mcp_gateway_sessions_lost_total", { adapter: "weather", reason: "expired" })]: growing(1),
    [of("mcp_gateway_holds_total", { adapter: "weather", outcome: "served" })]: growing(1),
    [of("mcp_gateway_replicas_ready", { kind: "adapter", name: "weather" })]: steady(2),
    [of("mcp_gateway_replicas_desired", { kind: "adapter", name: "weather" })]: steady(2),
    // Nobody wants any of it.
    [of("mcp_gateway_replicas_ready", { kind: "tool", name: "mail" })]: steady(0),
    [of("mcp_gateway_replicas_desired", { kind: "tool", name: "mail" })]: steady(0),
    [of("mcp_gateway_auth_total", { reason: "ok" })]: growing(600),
    [of("mcp_gateway_auth_total", { reason: "no-token" })]: growing(60),
    [of("mcp_gateway_auth_total", { reason: "expired" })]: growing(6),
    [of("mcp_gateway_issuer_keys", { issuer })]: steady(3),
    [of("mcp_gateway_issuer_keys_age_seconds", { issuer })]: steady(600),
    [of("mcp_gateway_guard_key_publications_total", { result: "published" })]: steady(1),
    [of("mcp_gateway_reconcile_lag_seconds", { kind: "workload", state: "working" })]: steady(0),
    [of("mcp_gateway_reconcile_lag_seconds", { kind: "workload", state: "failing" })]: steady(0),
    [of("mcp_gateway_leader")]: steady(leads),
    [of("mcp_gateway_watch_interruptions_total", { kind: "pods" })]: growing(0.1),
    [of("mcp_gateway_rest_requests_total", { route: "/adapters", method: "GET", status: "2xx" })]: growing(5),
    [of("mcp_gateway_store_up")]: steady(1),
    ...histogram(of, "mcp_gateway_store_operation_duration_seconds", {
      bounds: bounds.store,
      below: 0.01,
      perMinute: 30,
      labels: { operation: "get", result: "ok" },
    }),
    [of("mcp_gateway_change_feed_age_seconds")]: steady(9),
    [of("mcp_gateway_view_lag_seconds")]: steady(0),
    [of("mcp_gateway_audit_entries_waiting")]: steady(60),
    [of("mcp_gateway_audit_entries_lost_total")]: steady(0),
    ...histogram(of, "mcp_gateway_event_loop_delay_seconds", { bounds: bounds.delay, below: 0.001, perMinute: 600 }),
    [of("process_open_fds")]: steady(900),
    [of("process_max_fds")]: steady(65_536),
    [of("process_resident_memory_bytes")]: steady(300_000_000),
    [of("process_start_time_seconds")]: steady(7),
    [series("kube_pod_container_resource_limits", {
      namespace,
      pod,
      container: "gateway",
      resource: "memory",
      unit: "byte",
    })]: steady(1_073_741_824),
    [of("mcp_gateway_settings_file_changes_total", { setting: "LOG_LEVEL_FILE", result: "taken" })]: steady(2),
    [of("mcp_gateway_spans_dropped_total")]: steady(0),
    [of("mcp_gateway_log_lines_dropped_total")]: steady(0),
  };
}

function series(metric: string, labels: Labels): string {
  return `${metric}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(",")}}`;
}
