import { gateway } from "../metrics.ts";
import { graph, type Row } from "../panels.ts";
import { max, now, observed, quantile, rate, share, sum } from "../promql.ts";
import { chosen } from "./scope.ts";

const requests = sum(rate(gateway.requests, chosen), "adapter");
const failed = sum(rate(gateway.requests, { ...chosen, status: '=~"5.+"' }), "adapter");
const limits = { warn: 0.01, bad: 0.05 };

export const adapters: Row = {
  title: "Adapters: $adapter",
  panels: [
    {
      kind: "table",
      title: "Adapters",
      about: "Requests of clients and of the tool router.",
      by: "adapter",
      columns: [
        { title: "Requests", unit: "reqps", of: requests },
        { title: "Failed", unit: "percentunit", of: share(failed, requests), limits },
        { title: "p95", unit: "s", of: quantile(0.95, gateway.requestDuration, { where: chosen, by: ["adapter"] }) },
        { title: "Sessions", unit: "short", of: sum(now(gateway.sessions, chosen), "adapter") },
        { title: "Streams", unit: "short", of: sum(now(gateway.openStreams, chosen), "adapter") },
      ],
    },
    graph("Requests", "reqps", [{ of: requests, as: "{{adapter}}" }], { stacked: true }),
    graph("Failed", "percentunit", [{ of: share(failed, requests), as: "{{adapter}}" }], { limits, max: 1 }),
    graph("Time until answers are complete, p95", "s", [
      { of: quantile(0.95, gateway.requestDuration, { where: chosen, by: ["adapter"] }), as: "{{adapter}}" },
    ]),
    graph("Time that MCP servers take, p95", "s", [
      { of: quantile(0.95, gateway.upstreamDuration, { where: chosen, by: ["adapter"] }), as: "{{adapter}}" },
    ]),
    graph("Requests that reached an MCP server", "reqps", [
      { of: sum(observed(gateway.upstreamDuration, chosen), "adapter"), as: "{{adapter}}" },
    ]),
    graph("Without a whole answer", "reqps", [
      { of: sum(rate(gateway.upstreamFailures, chosen), "adapter", "failure"), as: "{{adapter}} {{failure}}" },
    ]),
    graph("JSON-RPC errors", "reqps", [
      {
        of: sum(rate(gateway.requests, { ...chosen, rpc_error: '!="none"' }), "adapter", "rpc_error"),
        as: "{{adapter}} {{rpc_error}}",
      },
    ]),
    graph("Over a limit", "reqps", [
      { of: sum(rate(gateway.limited, chosen), "adapter", "what"), as: "{{adapter}} {{what}}" },
    ]),
    graph("Bytes of bodies", "Bps", [
      { of: sum(rate(gateway.requestBytes, chosen), "adapter"), as: "to {{adapter}}" },
      { of: sum(rate(gateway.answerBytes, chosen), "adapter"), as: "from {{adapter}}" },
    ]),
    graph(
      "Requests by MCP method",
      "reqps",
      [{ of: sum(rate(gateway.requests, chosen), "method"), as: "{{method}}" }],
      {
        stacked: true,
      },
    ),
    graph("Open streams", "short", [
      { of: max(sum(now(gateway.openStreams, chosen), "adapter", "pod"), "adapter", "pod"), as: "{{adapter}} {{pod}}" },
    ]),
  ],
};
