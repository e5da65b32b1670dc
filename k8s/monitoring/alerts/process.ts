import type { Group } from "../alert.ts";
import { gateway, gatewayProcess, guard, otherMetrics } from "../metrics.ts";
import { and, changes, counted, increase, max, now, over, quantile, sum, when } from "../promql.ts";

const isGateway = now(gatewayProcess.metric("mcp_gateway_build_info"));
const memory = max(
  and(now(gatewayProcess.metric("process_resident_memory_bytes")), isGateway, "job", "instance"),
  "namespace",
  "pod",
);
const limit = max(now(otherMetrics.limits, { container: '="gateway"', resource: '="memory"' }), "namespace", "pod");
const starts = changes(gatewayProcess.metric("process_start_time_seconds"), {}, "30m");

export const process: Group = {
  name: "mcp-gateway-process",
  alerts: [
    {
      name: "McpEventLoopBlocked",
      severity: "warning",
      when: when(quantile(0.99, gateway.eventLoopDelay, { by: ["namespace", "pod"], window: "5m" }), ">", 0.25),
      lasting: "10m",
      summary: "{{ $labels.pod }} serves nobody for {{ $value | humanizeDuration }} at a time (p99)",
      description: "All requests of this gateway stutter: something takes its time in one piece.",
      runbook:
        "Is it CPU (row Processes), then add gateways. Is its node overcommitted (kubectl top node)? Otherwise look for large bodies and lists: the requests with the largest gatewayMs in the log. MAX_BODY_BYTES bounds a body.",
    },
    {
      name: "McpOpenFilesHigh",
      severity: "warning",
      when: when(
        over(max(now(gateway.openFds), "namespace", "pod"), max(now(gateway.maxFds), "namespace", "pod")),
        ">",
        0.8,
      ),
      lasting: "10m",
      summary: "{{ $labels.pod }} has {{ $value | humanizePercentage }} of its files and sockets open",
      description: "At the limit no client and no replica can be connected any more.",
      runbook:
        "Each open stream takes two: see the dashboard's Streams. Add gateways, or raise the limit of the container runtime (ulimit -n in the pod). MAX_STREAMS bounds what one caller holds open.",
    },
    {
      name: "McpMemoryHigh",
      severity: "warning",
      when: when(over(memory, limit), ">", 0.85),
      lasting: "10m",
      summary: "{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory limit",
      description: "Beyond the limit the kernel kills it: its streams break, and its clients go on at another gateway.",
      runbook:
        "Does it grow with streams and sessions (row Overview), then add gateways or raise the limit in the Deployment. Does it grow without them, restart it (kubectl -n {{ $labels.namespace }} delete pod {{ $labels.pod }}) and keep the graph: that is a leak, and worth an issue.",
    },
    {
      name: "McpGatewayRestarting",
      severity: "warning",
      when: when(max(and(starts, isGateway, "job", "instance"), "namespace", "pod"), ">", 2),
      summary: "{{ $labels.pod }} was started {{ $value }} times in half an hour",
      description: "Its streams break each time; sessions go on.",
      runbook:
        "kubectl -n {{ $labels.namespace }} describe pod {{ $labels.pod }} has the last state: OOMKilled is the memory limit, an exit code is in kubectl -n {{ $labels.namespace }} logs {{ $labels.pod }} --previous, a failed liveness probe a blocked event loop.",
    },
    {
      name: "McpWorkersCrashing",
      severity: "warning",
      when: when(sum(increase(gateway.workerEnds, { how: '="crashed"' }, "30m"), "namespace", "pod"), ">", 1),
      summary: "Workers of {{ $labels.pod }} crashed {{ $value | humanize }} times in half an hour",
      description: "The streams and calls that a worker has break with it; sessions go on at another one.",
      runbook:
        "grep 'worker ended' in kubectl -n {{ $labels.namespace }} logs {{ $labels.pod }}: exit SIGKILL is the memory limit of the pod, which its workers share, anything else has its reason in the lines before.",
    },
    {
      name: "McpSettingsUnusable",
      severity: "warning",
      when: counted(gateway.settingsFiles, { result: '="unusable"' }, "15m", "namespace", "setting"),
      summary: "The file of {{ $labels.setting }} cannot be used",
      description: "What was there before stays in force, until the gateway is started again: then it may not start.",
      runbook:
        "The log line that names the setting says what is wrong with it. GATEWAY_KEYS_FILE: the Secret mcp-gateway-keys (README, Keys and secrets). LOG_LEVEL_FILE: the ConfigMap mcp-gateway-log, whose key level is one word.",
    },
    {
      name: "McpSpansDropped",
      severity: "info",
      when: when(sum(increase(gateway.spansDropped, {}, "10m"), "namespace"), ">", 0),
      lasting: "15m",
      summary: "Gateways drop spans",
      description: "Traces have holes. Traffic is not concerned.",
      runbook:
        "Does the collector at OTEL_EXPORTER_OTLP_ENDPOINT answer, and is it let out to it (network policies)? If it is busy: OTEL_TRACES_SAMPLER=parentbased_traceidratio with OTEL_TRACES_SAMPLER_ARG=0.1, or a larger OTEL_BSP_MAX_QUEUE_SIZE.",
    },
    {
      name: "McpGuardSpansDropped",
      severity: "info",
      when: when(
        sum(increase(guard.metric("mcp_guard_spans_dropped_total"), {}, "10m"), "namespace", "adapter"),
        ">",
        0,
      ),
      lasting: "15m",
      summary: "Guards of {{ $labels.adapter }} drop spans",
      description: "Traces have holes. Traffic is not concerned.",
      runbook:
        "With components/workload-egress adapters reach no private network: the collector needs a rule of its own (k8s/README.md, Traces). Otherwise as for McpSpansDropped.",
    },
    {
      name: "McpLogLinesDropped",
      severity: "warning",
      when: when(sum(increase(gateway.logLinesDropped, {}, "10m"), "namespace", "pod"), ">", 0),
      lasting: "5m",
      summary: "{{ $labels.pod }} drops log lines",
      description: "More is logged than whoever reads standard output takes. What is dropped is counted, and gone.",
      runbook:
        "kubectl -n {{ $labels.namespace }} get configmap mcp-gateway-log -o yaml: debug or trace are for an hour, not for ever. Otherwise the node's log collector is slow: look at its disk.",
    },
  ],
};
