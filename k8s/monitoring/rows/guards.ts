import { gateway, guard } from "../metrics.ts";
import { graph, type Row } from "../panels.ts";
import { and, count, max, now, quantile, rate, share, sum } from "../promql.ts";
import { chosen, here, isGuard } from "./scope.ts";

const requests = guard.metric("mcp_guard_requests_total");
const own = ["job", "instance"] as const;

export const guards: Row = {
  title: "Guards: $adapter",
  panels: [
    graph("Guards", "short", [
      { of: count(now(isGuard, chosen), "adapter", "version"), as: "{{adapter}} {{version}}" },
    ]),
    graph(
      "Requests",
      "reqps",
      [{ of: sum(rate(requests, chosen), "adapter", "status"), as: "{{adapter}} {{status}}" }],
      {
        stacked: true,
      },
    ),
    graph(
      "Refused",
      "reqps",
      [
        {
          of: sum(rate(guard.metric("mcp_guard_refused_total"), chosen), "adapter", "reason"),
          as: "{{adapter}} {{reason}}",
        },
      ],
      { about: "Nobody but the gateway should get here: see injector/guard/refusal.ts for the reasons." },
    ),
    graph("Time at the MCP server, p95", "s", [
      {
        of: quantile(0.95, guard.metric("mcp_guard_request_duration_seconds"), { where: chosen, by: ["adapter"] }),
        as: "{{adapter}}",
      },
    ]),
    graph("Without a whole answer", "reqps", [
      {
        of: sum(rate(guard.metric("mcp_guard_upstream_failures_total"), chosen), "adapter", "failure"),
        as: "{{adapter}} {{failure}}",
      },
    ]),
    graph("Sessions and streams", "short", [
      { of: sum(now(guard.metric("mcp_guard_active_sessions"), chosen), "adapter"), as: "{{adapter}} sessions" },
      { of: sum(now(guard.metric("mcp_guard_open_streams"), chosen), "adapter"), as: "{{adapter}} streams" },
    ]),
    graph("Bytes of bodies", "Bps", [
      { of: sum(rate(guard.metric("mcp_guard_request_bytes_total"), chosen), "adapter"), as: "to {{adapter}}" },
      { of: sum(rate(guard.metric("mcp_guard_response_bytes_total"), chosen), "adapter"), as: "from {{adapter}}" },
    ]),
    graph("Resident memory", "bytes", [
      {
        of: and(now(guard.metric("process_resident_memory_bytes"), chosen), now(isGuard, chosen), ...own),
        as: "{{adapter}} {{pod}}",
      },
    ]),
    graph("CPU", "short", [
      {
        of: and(rate(guard.metric("process_cpu_seconds_total"), chosen), now(isGuard, chosen), ...own),
        as: "{{adapter}} {{pod}}",
      },
    ]),
    graph("Spans dropped", "ops", [
      { of: sum(rate(guard.metric("mcp_guard_spans_dropped_total"), chosen), "adapter"), as: "{{adapter}}" },
    ]),
    graph(
      "Keys",
      "short",
      [
        { of: max(now(gateway.guardKeys, here)), as: "published by the gateway" },
        { of: max(now(guard.metric("mcp_guard_keys"), chosen), "adapter"), as: "{{adapter}} at most" },
      ],
      { about: "A guard without a key lets nobody in, and is not ready." },
    ),
    graph("Age of the signing key", "s", [{ of: now(gateway.guardSigningKeyAge, here), as: "{{pod}} {{instance}}" }]),
    graph("Publications of keys", "ops", [
      { of: sum(rate(gateway.guardKeyPublications, here), "result"), as: "{{result}}" },
    ]),
    graph("Assertions", "ops", [{ of: sum(rate(gateway.guardAssertions, here), "source"), as: "{{source}}" }]),
    graph(
      "Assertions signed before",
      "percentunit",
      [
        {
          of: share(
            sum(rate(gateway.guardAssertions, { ...here, source: '="cached"' })),
            sum(rate(gateway.guardAssertions, here)),
          ),
          as: "part",
        },
      ],
      { about: "Each other one costs a signature.", max: 1 },
    ),
  ],
};
