import type { Group } from "../alert.ts";
import { gateway } from "../metrics.ts";
import { and, increase, max, now, rate, sum, when } from "../promql.ts";

const ready = max(now(gateway.replicasReady), "namespace", "kind", "name");
const desired = max(now(gateway.replicasDesired), "namespace", "kind", "name");

const whyNotReady =
  "kubectl -n {{ $labels.namespace }} describe statefulset {{ $labels.name }} and kubectl -n {{ $labels.namespace }} get pods -l mcp-gateway/adapter={{ $labels.name }}: an image that cannot be pulled, no room on the nodes, a server that ends by itself (logs --previous) or never listens on its port, a guard without keys. GET /adapters/{{ $labels.name }}/status says the same in words.";

export const sessions: Group = {
  name: "mcp-gateway-sessions",
  alerts: [
    {
      name: "McpSessionsLost",
      severity: "warning",
      when: when(
        sum(increase(gateway.sessionsLost, { reason: '=~"replica-gone|forgotten"' }, "5m"), "namespace", "adapter"),
        ">",
        5,
      ),
      lasting: "15m",
      summary: "Sessions on {{ $labels.adapter }} are lost again and again",
      description:
        "Clients hear 404 and open another session, whose state is empty. A rollout or a scale-down ends sessions once; this goes on for a quarter of an hour.",
      runbook:
        "kubectl -n {{ $labels.namespace }} get pods -l mcp-gateway/adapter={{ $labels.adapter }}: restarts mean a server that crashes (logs --previous; OOMKilled in describe). Without restarts and with reason forgotten the server drops sessions by itself: look for its own timeout. An autoscaler that goes up and down needs a longer stabilization window.",
    },
    {
      name: "McpSessionIdsRefused",
      severity: "warning",
      when: when(
        sum(
          rate(gateway.sessionsLost, { reason: '=~"malformed|unknown-key|foreign|expired"' }, "5m"),
          "namespace",
          "reason",
        ),
        ">",
        0.5,
      ),
      lasting: "10m",
      summary: "Session ids do not open: {{ $labels.reason }}",
      description: "Clients send session ids that this gateway has not sealed for them. They hear 404.",
      runbook:
        "unknown-key: the sealing keys were changed and an old one was taken away too early (README, Keys and secrets), or gateways do not share them: put the old key back behind the new one. foreign and malformed: somebody sends ids of others, or guesses; the log lines 'mcp session refused' name the caller. expired: clients that keep sessions for ever.",
    },
    {
      name: "McpAdapterUnavailable",
      severity: "critical",
      when: and(when(ready, "==", 0), when(desired, ">", 0)),
      lasting: "5m",
      summary: "{{ $labels.kind }} {{ $labels.name }} has no ready replica",
      description: "Requests wait for HOLD_SECONDS and are then told 503.",
      runbook: whyNotReady,
    },
    {
      name: "McpRequestsUnserved",
      severity: "warning",
      when: when(sum(increase(gateway.holds, { outcome: '="unready"' }, "5m"), "namespace", "adapter"), ">", 5),
      lasting: "5m",
      summary: "Requests to {{ $labels.adapter }} find no ready replica",
      description: "Clients are told 503, though the adapter may have been ready in between.",
      runbook:
        "kubectl -n {{ $labels.namespace }} get pods -l mcp-gateway/adapter={{ $labels.adapter }} -w: replicas that come and go are restarting or fail their readiness probe under load. More replicas, or a higher memory limit. During a rollout of a single replica this is expected: two replicas roll without a gap.",
    },
    {
      name: "McpReplicasMissing",
      severity: "warning",
      when: when(ready, "<", desired),
      lasting: "15m",
      summary: "{{ $labels.kind }} {{ $labels.name }} has {{ $value }} ready replicas, and shall have more",
      description: "The others carry the load meanwhile.",
      runbook: whyNotReady,
    },
    {
      name: "McpReplicasCrashing",
      severity: "warning",
      when: when(max(increase(gateway.replicaEnds, { how: '="crashed"' }, "15m"), "namespace", "name"), ">", 3),
      summary: "Replicas of {{ $labels.name }} crash",
      description: "Each crash ends the sessions of that replica. It is started again, after growing pauses.",
      runbook:
        "GET /adapters/{{ $labels.name }}/logs?instance=0 has its last words, the gateway's log lines 'replica ended by itself' its exit code. Check its variables and arguments first, then its memory.",
    },
  ],
};
