import type { Group } from "../alert.ts";
import { gateway } from "../metrics.ts";
import { and, increase, max, now, share, rate, sum, when } from "../promql.ts";

const inCluster = { namespace: '!=""' } as const;
const leaders = sum(now(gateway.leader, inCluster), "namespace");
const rest = (window: string) => sum(rate(gateway.restRequests, {}, window), "namespace");

export const controlPlane: Group = {
  name: "mcp-gateway-control-plane",
  alerts: [
    {
      name: "McpReconcileFailing",
      severity: "warning",
      when: when(max(now(gateway.reconcileLag, { state: '="failing"' }), "namespace", "kind"), ">", 300),
      lasting: "5m",
      summary: "A {{ $labels.kind }} has not been as wanted for {{ $value | humanizeDuration }}: each attempt fails",
      description: "A change by REST or in the cluster has no effect yet. What runs goes on as it was.",
      runbook:
        "kubectl -n {{ $labels.namespace }} logs -l app.kubernetes.io/name=mcp-gateway --tail=-1 | grep 'reconcile failed' names it and says why; kubectl -n {{ $labels.namespace }} events --types=Warning, too. Usual: a quota, an admission policy, an object of that name that belongs to somebody else, a right that was taken away (kubectl auth can-i --list --as system:serviceaccount:{{ $labels.namespace }}:mcp-gateway).",
    },
    {
      name: "McpReconcileStuck",
      severity: "warning",
      when: when(max(now(gateway.reconcileLag, { state: '="working"' }), "namespace", "kind"), ">", 3600),
      lasting: "5m",
      summary: "A {{ $labels.kind }} has been worked on for {{ $value | humanizeDuration }}",
      description: "Mostly a removal that waits for its last replica to end.",
      runbook:
        "kubectl -n {{ $labels.namespace }} get pods | grep Terminating: a pod on a node that is gone ends only by kubectl delete pod --force, one with a long terminationGracePeriodSeconds by itself. If there is none, restart the gateway that leads (kubectl -n {{ $labels.namespace }} get lease mcp-gateway): the next one looks at everything anew.",
    },
    {
      name: "McpNoLeader",
      severity: "critical",
      when: when(leaders, "==", 0),
      lasting: "5m",
      summary: "No gateway reconciles",
      description:
        "Live traffic goes on. Changes are stored and not carried out, and replicas that are missing are not made again.",
      runbook:
        "kubectl -n {{ $labels.namespace }} get lease mcp-gateway -o yaml: a holder that does not exist any more is replaced within 15 s. Otherwise the gateways cannot write the lease: is the API server reachable from them, and do they have the right (kubectl auth can-i patch leases/mcp-gateway -n {{ $labels.namespace }} --as system:serviceaccount:{{ $labels.namespace }}:mcp-gateway)?",
    },
    {
      name: "McpTwoLeaders",
      severity: "critical",
      when: when(leaders, ">", 1),
      lasting: "5m",
      summary: "{{ $value }} gateways reconcile",
      description: "They may undo each other's work. The lease forbids it, so they do not share one.",
      runbook:
        "Are there two installations in this namespace (kubectl -n {{ $labels.namespace }} get deployments)? Their names must differ. Are clocks far apart between nodes? Scale to one gateway until it is understood: sessions go on at any gateway.",
    },
    {
      name: "McpKubernetesUnwatched",
      severity: "warning",
      when: when(sum(increase(gateway.watchInterruptions, {}, "10m"), "namespace", "kind"), ">", 10),
      lasting: "10m",
      summary: "Watching {{ $labels.kind }} breaks off again and again",
      description: "New replicas are seen late, and requests may go to some that are gone.",
      runbook:
        "Is the API server well (kubectl get --raw /readyz?verbose)? If it is, something between it and the gateways cuts connections; the log lines 'watch interrupted' say what they saw.",
    },
    {
      name: "McpRestFailures",
      severity: "warning",
      when: and(
        when(share(sum(rate(gateway.restRequests, { status: '="5xx"' }, "10m"), "namespace"), rest("10m")), ">", 0.1),
        when(sum(increase(gateway.restRequests, { status: '="5xx"' }, "10m"), "namespace"), ">", 5),
      ),
      lasting: "5m",
      summary: "{{ $value | humanizePercentage }} of the REST requests fail",
      description:
        "Adapters, tools and servers cannot be looked at or changed reliably. Live traffic is not concerned.",
      runbook:
        "503 is a database that does not answer: see McpStoreDown. 500 is a fault: kubectl -n {{ $labels.namespace }} logs -l app.kubernetes.io/name=mcp-gateway --tail=-1 | grep 'request failed' has its stack.",
    },
  ],
};
