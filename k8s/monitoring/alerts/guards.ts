import type { Group } from "../alert.ts";
import { gateway, guard } from "../metrics.ts";
import { increase, min, now, sum, when } from "../promql.ts";

const refused = guard.metric("mcp_guard_refused_total");
const ofClocks = "expired|not-yet-valid";

export const guards: Group = {
  name: "mcp-gateway-guards",
  alerts: [
    {
      name: "McpGuardRefusals",
      severity: "warning",
      when: when(
        sum(increase(refused, { reason: `!~"${ofClocks}|no-keys"` }, "10m"), "namespace", "adapter", "reason"),
        ">",
        10,
      ),
      summary: "A guard of {{ $labels.adapter }} keeps somebody out: {{ $labels.reason }}",
      description:
        "Somebody other than the gateway speaks to the adapter's pods, or a gateway that does not belong to them. Nothing of it reached the server.",
      runbook:
        "kubectl -n {{ $labels.namespace }} logs -l mcp-gateway/adapter={{ $labels.adapter }} -c mcp-guard --prefix | grep refused. missing: a program that goes past the gateway; the network policies should keep it out, do they hold (k8s/README.md)? unknown-key, issuer: another installation's gateway. audience, pod: traffic that is sent to the wrong pod.",
    },
    {
      name: "McpGuardClockSkew",
      severity: "warning",
      when: when(sum(increase(refused, { reason: `=~"${ofClocks}"` }, "10m"), "namespace", "adapter"), ">", 10),
      summary: "Clocks differ between gateways and pods of {{ $labels.adapter }}",
      description: "Guards refuse what the gateway has signed a minute ago or in the future, and clients see errors.",
      runbook:
        "kubectl -n {{ $labels.namespace }} get pods -l mcp-gateway/adapter={{ $labels.adapter }} -o wide names the nodes; compare their clocks (chronyc tracking, timedatectl) with those of the gateways' nodes.",
    },
    {
      name: "McpGuardWithoutKeys",
      severity: "critical",
      when: when(min(now(guard.metric("mcp_guard_keys")), "namespace", "adapter", "pod"), "==", 0),
      lasting: "5m",
      summary: "The guard of {{ $labels.pod }} knows no key of the gateway",
      description: "It lets nobody in, and the pod is not ready.",
      runbook:
        "kubectl -n {{ $labels.namespace }} get configmap mcp-gateway-jwks -o yaml: empty means that the gateway cannot write it (see McpGuardKeysUnpublished). Filled: it takes the kubelet two minutes to bring it into a pod; kubectl -n {{ $labels.namespace }} logs {{ $labels.pod }} -c mcp-guard says what is wrong with it.",
    },
    {
      name: "McpGuardKeysUnpublished",
      severity: "warning",
      when: when(sum(increase(gateway.guardKeyPublications, { result: '="failed"' }, "15m"), "namespace"), ">", 0),
      lasting: "15m",
      summary: "The gateway cannot publish its keys to guards",
      description:
        "Guards believe the keys they have, so traffic goes on. A changed GATEWAY_KEYS has no effect for guards yet.",
      runbook:
        "kubectl auth can-i patch configmap/mcp-gateway-jwks -n {{ $labels.namespace }} --as system:serviceaccount:{{ $labels.namespace }}:mcp-gateway must say yes; the log lines 'keys not published to guards' say what the API server answers.",
    },
  ],
};
