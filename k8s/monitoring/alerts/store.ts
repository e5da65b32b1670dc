import type { Group } from "../alert.ts";
import { gateway } from "../metrics.ts";
import { increase, max, min, now, quantile, sum, when } from "../promql.ts";

const askStore =
  "Is the database well (its own monitoring, free connections, disk)? From the gateways' side: kubectl -n {{ $labels.namespace }} logs -l app.kubernetes.io/name=mcp-gateway --tail=-1 | grep -i database.";

export const store: Group = {
  name: "mcp-gateway-store",
  alerts: [
    {
      name: "McpStoreDown",
      severity: "critical",
      when: when(min(now(gateway.storeUp), "namespace"), "==", 0),
      lasting: "2m",
      summary: "The store does not answer a gateway",
      description:
        "Live traffic goes on with what was known. REST requests wait and fail, changes are impossible, audit entries pile up (10,000 at most).",
      runbook: `${askStore} The password or URL may have changed: the Secret mcp-gateway-store. Nothing has to be restarted when it is back.`,
    },
    {
      name: "McpStoreSlow",
      severity: "warning",
      when: when(quantile(0.95, gateway.storeDuration, { by: ["namespace", "operation"], window: "10m" }), ">", 2),
      lasting: "10m",
      summary: "The store takes {{ $value | humanizeDuration }} for {{ $labels.operation }} (p95)",
      description: "REST requests are slow, and changes arrive late. Live traffic does not wait for the store.",
      runbook: `${askStore} With Cosmos DB look for throttling (429) and raise the throughput.`,
    },
    {
      name: "McpChangeFeedLate",
      severity: "warning",
      when: when(max(now(gateway.changeFeedAge), "namespace", "pod"), ">", 120),
      lasting: "5m",
      summary: "{{ $labels.pod }} has heard nothing of changes for {{ $value | humanizeDuration }}",
      description: "It serves what it knew then: new adapters are unknown there, removed roles still count.",
      runbook: `${askStore} With Postgres through PgBouncer the feed (LISTEN) needs session pooling or a direct connection.`,
    },
    {
      name: "McpChangesUnread",
      severity: "warning",
      when: when(max(now(gateway.viewLag), "namespace", "pod"), ">", 60),
      lasting: "5m",
      summary: "{{ $labels.pod }} has not read a change for {{ $value | humanizeDuration }}",
      description: "It has heard of the change and cannot read it: it serves what it knew before.",
      runbook: askStore,
    },
    {
      name: "McpAuditWaiting",
      severity: "warning",
      when: when(max(now(gateway.auditWaiting), "namespace", "pod"), ">", 2000),
      lasting: "5m",
      summary: "{{ $value }} audit entries wait in {{ $labels.pod }}",
      description:
        "They are in memory only. From 10,000 on the oldest are lost, and all of them if the gateway is killed.",
      runbook: `${askStore} Do not restart the gateway before it has written them.`,
    },
    {
      name: "McpAuditLost",
      severity: "critical",
      when: when(sum(increase(gateway.auditLost, {}, "15m"), "namespace"), ">", 0),
      summary: "{{ $value | humanize }} audit entries are lost",
      description:
        "Tool calls have happened that the audit trail will never show. Each has its log line 'request', without its arguments.",
      runbook:
        "Keep the logs of that time: kubectl -n {{ $labels.namespace }} logs -l app.kubernetes.io/name=mcp-gateway --tail=-1 | grep '\"tool\"'. The line 'audit entries lost' says why: the store was away for too long, or a gateway ended while it was.",
    },
  ],
};
