import { gateway, guard } from "../metrics.ts";
import { graph, type Row } from "../panels.ts";
import { quantile, rate, share, sum, topk } from "../promql.ts";
import { chosen } from "./scope.ts";

const most = 20;
const calls = sum(rate(gateway.toolCalls, chosen), "adapter", "tool");
const outcome = (outcome: "error" | "refused") =>
  sum(rate(gateway.toolCalls, { ...chosen, outcome: `="${outcome}"` }), "adapter", "tool");
const atGuards = guard.metric("mcp_guard_request_duration_seconds");

export const tools: Row = {
  title: "Tools: $adapter",
  panels: [
    graph("Calls", "ops", [{ of: topk(most, calls), as: "{{adapter}} {{tool}}" }], {
      about: `The ${most} tools that are called most.`,
      stacked: true,
    }),
    graph("Calls by outcome", "ops", [{ of: sum(rate(gateway.toolCalls, chosen), "outcome"), as: "{{outcome}}" }], {
      stacked: true,
    }),
    graph("Errors", "percentunit", [{ of: topk(most, share(outcome("error"), calls)), as: "{{adapter}} {{tool}}" }], {
      about: "The part of a tool's calls whose result says that it is an error.",
      limits: { warn: 0.1, bad: 0.5 },
      max: 1,
    }),
    graph("Refused", "ops", [{ of: topk(most, outcome("refused")), as: "{{adapter}} {{tool}}" }]),
    graph(
      "Time at the MCP server, p95",
      "s",
      [
        {
          of: topk(
            most,
            quantile(0.95, atGuards, { where: { ...chosen, method: '="tools/call"' }, by: ["adapter", "tool"] }),
          ),
          as: "{{adapter}} {{tool}}",
        },
      ],
      { about: "As guards see it, so for adapters that have guards." },
    ),
  ],
};
