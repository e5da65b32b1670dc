import type { Group } from "../alert.ts";
import { injector as metrics } from "../metrics.ts";
import { before, count, counted, max, min, now, quantile, unless, untilThen, when } from "../promql.ts";

const running = metrics.metric("mcp_injector_build_info");
const expiry = now(metrics.metric("mcp_injector_certificate_expiry_seconds"));
const left = min(untilThen(when(expiry, ">", 0)), "namespace");
const daySeconds = 86_400;

const renewal =
  "kubectl -n {{ $labels.namespace }} logs deployment/mcp-gateway-injector | grep certificates says what it cannot do: read or patch the Secret mcp-gateway-injector, or patch its MutatingWebhookConfiguration. With cert-manager: kubectl -n {{ $labels.namespace }} describe certificate mcp-gateway-injector. Deleting the Secret's data makes a new authority and certificate at once.";

export const injector: Group = {
  name: "mcp-gateway-injector",
  alerts: [
    {
      name: "McpInjectorGone",
      severity: "critical",
      when: unless(count(before("1h", running), "namespace"), count(now(running), "namespace")),
      lasting: "10m",
      summary: "No injector can be scraped, and an hour ago there was one",
      description:
        "Pods with the label mcp-gateway/adapter that are not the gateway's own are not made until it is back. Nothing else waits.",
      runbook:
        "kubectl -n {{ $labels.namespace }} describe deployment mcp-gateway-injector, then its logs. Taken out on purpose: kubectl delete mutatingwebhookconfiguration mcp-gateway-injector, or such pods wait for ever.",
    },
    {
      name: "McpInjectorFailing",
      severity: "critical",
      when: counted(
        metrics.metric("mcp_injector_requests_total"),
        { result: '="error"', reason: '=~"failed|not-understood"' },
        "15m",
        "namespace",
        "reason",
      ),
      summary: "The injector cannot handle a pod: {{ $labels.reason }}",
      description: "That pod was not made. Others are.",
      runbook:
        "kubectl -n {{ $labels.namespace }} logs deployment/mcp-gateway-injector | grep 'review failed' names it. not-understood: an API server that speaks another version of the review. Meanwhile the label mcp-gateway/inject=false lets the pod in without a guard, and without traffic from the gateway.",
    },
    {
      name: "McpInjectorSlow",
      severity: "warning",
      when: when(
        quantile(0.99, metrics.metric("mcp_injector_request_duration_seconds"), { by: ["namespace"], window: "10m" }),
        ">",
        1,
      ),
      lasting: "10m",
      summary: "The injector takes {{ $value | humanizeDuration }} for a pod (p99)",
      description: "API servers wait 5 s, then the pod is not made and is tried again later.",
      runbook:
        "kubectl -n {{ $labels.namespace }} top pod -l app.kubernetes.io/name=mcp-gateway-injector: usually a review takes a few milliseconds, so look for a busy node.",
    },
    {
      name: "McpPodsWithoutGuard",
      severity: "warning",
      when: when(max(now(metrics.metric("mcp_injector_pods_without_guard")), "namespace"), ">", 0),
      lasting: "10m",
      summary: "{{ $value }} pods of adapters have no guard",
      description:
        "Whoever reaches them is believed, unless network policies keep everybody out. The gateway sends them nothing.",
      runbook:
        "kubectl -n {{ $labels.namespace }} events --types=Warning | grep MissingGuard names them. They were made while there was neither webhook nor policy: kubectl -n {{ $labels.namespace }} rollout restart what they belong to.",
    },
    {
      name: "McpCertificateOld",
      severity: "warning",
      when: when(left, "<", 21 * daySeconds),
      lasting: "1m",
      summary: "The injector's certificate ends in {{ $value | humanizeDuration }}",
      description: "It should have been renewed with 30 days left.",
      runbook: renewal,
    },
    {
      name: "McpCertificateEnding",
      severity: "critical",
      when: when(left, "<", 3 * daySeconds),
      lasting: "1m",
      summary: "The injector's certificate ends in {{ $value | humanizeDuration }}",
      description: "Afterwards no labelled pod of yours is made: API servers do not believe the webhook any more.",
      runbook: renewal,
    },
  ],
};
