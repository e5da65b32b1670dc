import { type Group, recorded } from "../alert.ts";
import { gateway, gatewayProcess, otherMetrics } from "../metrics.ts";
import { absent, and, increase, now, observed, quantile, rate, share, sum, when } from "../promql.ts";

/** Of all requests, so many may fail without anybody being woken. */
const objective = 0.005;
/** Few failures are a large part of few requests. */
const minFailures = 20;

const byClients = { via: '="client"' } as const;
const failed = { ...byClients, status: '=~"5.+"' } as const;

const [last5m, last30m, last1h, last6h] = (["5m", "30m", "1h", "6h"] as const).map((window) => ({
  name: `namespace:mcp_gateway_failed_requests:ratio_rate${window}`,
  of: share(
    sum(rate(gateway.requests, failed, window), "namespace"),
    sum(rate(gateway.requests, byClients, window), "namespace"),
  ),
})) as [Ratio, Ratio, Ratio, Ratio];
type Ratio = { name: string; of: ReturnType<typeof share<"namespace">> };

const perAdapter = {
  name: "namespace_adapter:mcp_gateway_failed_requests:ratio_rate5m",
  of: share(
    sum(rate(gateway.requests, { status: '=~"5.+"' }, "5m"), "namespace", "adapter"),
    sum(rate(gateway.requests, {}, "5m"), "namespace", "adapter"),
  ),
};

/** Both windows burn the error budget so many times too fast: the long one for weight, the short one to be over when it is over. */
function burning(factor: number, long: Ratio, short: Ratio, window: string) {
  const limit = Number((factor * objective).toPrecision(2));
  const isBurning = and(when(recorded(long), ">", limit), when(recorded(short), ">", limit));
  return and(isBurning, when(sum(increase(gateway.requests, failed, window), "namespace"), ">", minFailures));
}

const whatFails =
  "Which adapters: the dashboard's table, or topk(5, namespace_adapter:mcp_gateway_failed_requests:ratio_rate5m). One adapter alone: its own pods (kubectl -n {{ $labels.namespace }} describe statefulset NAME). All of them: kubectl -n {{ $labels.namespace }} logs -l app.kubernetes.io/name=mcp-gateway --tail=-1 | grep -E '\"level\":(40|50)'. 503 is no ready replica, 502 a server that broke off, 500 a fault of the gateway.";

export const traffic: Group = {
  name: "mcp-gateway-traffic",
  recordings: [last5m, last30m, last1h, last6h, perAdapter],
  alerts: [
    {
      name: "McpGatewayAbsent",
      severity: "critical",
      when: absent(now(gatewayProcess.metric("mcp_gateway_build_info"))),
      lasting: "5m",
      summary: "No gateway can be scraped",
      description: "Nobody reaches an MCP server through the gateway, or Prometheus does not find it.",
      runbook:
        "kubectl -n adapter get pods -l app.kubernetes.io/name=mcp-gateway: running pods mean that Prometheus is kept out (is its namespace labelled mcp-gateway/monitoring=true?) or does not look (is components/monitoring applied?). Otherwise kubectl -n adapter describe deployment mcp-gateway, and the logs of the pods with --previous.",
    },
    {
      name: "McpTargetDown",
      severity: "warning",
      when: when(now(otherMetrics.up, { job: '=~"mcp-gateway|mcp-guard|mcp-gateway-injector"' }), "==", 0),
      lasting: "10m",
      summary: "{{ $labels.job }} {{ $labels.pod }} cannot be scraped",
      description:
        "This pod is known to the cluster and gives no figures for ten minutes, so it may do nothing else either.",
      runbook:
        "kubectl -n {{ $labels.namespace }} describe pod {{ $labels.pod }}, then its logs. A pod that does not answer is killed by its liveness probe; one that is starting again and again has its reason in kubectl -n {{ $labels.namespace }} logs {{ $labels.pod }} --previous.",
    },
    {
      name: "McpGatewayFailuresFast",
      severity: "critical",
      when: burning(14.4, last1h, last5m, "1h"),
      lasting: "2m",
      summary: "{{ $value | humanizePercentage }} of the requests fail",
      description: `At this speed a month's error budget (${objective * 100} %) is used up in two days.`,
      runbook: whatFails,
    },
    {
      name: "McpGatewayFailuresSlow",
      severity: "warning",
      when: burning(6, last6h, last30m, "6h"),
      lasting: "15m",
      summary: "{{ $value | humanizePercentage }} of the requests have failed for hours",
      description: `At this speed a month's error budget (${objective * 100} %) is used up in five days.`,
      runbook: whatFails,
    },
    {
      name: "McpAdapterFailures",
      severity: "warning",
      when: and(
        when(recorded(perAdapter), ">", 0.05),
        when(sum(increase(gateway.requests, { status: '=~"5.+"' }, "15m"), "namespace", "adapter"), ">", minFailures),
      ),
      lasting: "10m",
      summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.adapter }} fail",
      description: "Its clients see errors; other adapters are not concerned.",
      runbook:
        "curl GATEWAY/adapters/{{ $labels.adapter }}/status says in words what is wrong with its replicas, curl GATEWAY/adapters/{{ $labels.adapter }}/logs?instance=0 what its server says. With healthy replicas look for crashes under load (restarts, memory limits) and slow starts.",
    },
    {
      name: "McpGatewayOverheadHigh",
      severity: "warning",
      when: and(
        when(quantile(0.99, gateway.overhead, { by: ["namespace"], window: "5m" }), ">", 0.05),
        when(sum(observed(gateway.overhead, {}, "5m"), "namespace"), ">", 1),
      ),
      lasting: "10m",
      summary: "The gateway adds {{ $value | humanizeDuration }} to requests (p99)",
      description: "Usually it is less than a millisecond. This is the gateway's own time, not that of MCP servers.",
      runbook:
        "Look at the dashboard's row Processes: CPU near one core asks for more gateways (kubectl -n {{ $labels.namespace }} scale deployment mcp-gateway, or a lower target of the autoscaler); a delayed event loop without much CPU is a large body or list, whose request is in the log with a large gatewayMs. New tokens cost the check of a signature: see Identity, tokens that were known.",
    },
  ],
};
