import { gateway, otherMetrics } from "../metrics.ts";
import { figure, graph, quantiles, type Row } from "../panels.ts";
import { count, now, orZero, quantile, rate, share, sum } from "../promql.ts";
import { here, isGateway } from "./scope.ts";

// The tool router asks adapters in a client's name: counted there, each such request would be two.
const byClients = { ...here, via: '="client"' } as const;
const failed = { ...byClients, status: '=~"5.+"' } as const;
const requests = sum(rate(gateway.requests, byClients));
const firing = { ...here, alertstate: '="firing"', alertname: '=~"Mcp.+"' } as const;

export const overview: Row = {
  title: "Overview",
  panels: [
    figure("Gateways", "none", orZero(count(now(isGateway, here))), {
      about: "Gateways that Prometheus could scrape.",
      limits: { warn: 2, bad: 1, falling: true },
    }),
    figure("Alerts", "none", orZero(count(now(otherMetrics.alerts, firing))), { limits: { warn: 1, bad: 3 } }),
    figure("Requests", "reqps", orZero(requests)),
    figure("Failed", "percentunit", share(sum(rate(gateway.requests, failed)), requests), {
      about: "Answers with a status of 500 and above: the gateway's own, and those of MCP servers.",
      limits: { warn: 0.01, bad: 0.05 },
    }),
    figure("p99", "s", quantile(0.99, gateway.requestDuration, { where: here })),
    figure("Overhead p99", "s", quantile(0.99, gateway.overhead, { where: here }), {
      limits: { warn: 0.01, bad: 0.1 },
    }),
    figure("Sessions", "short", orZero(sum(now(gateway.sessions, here))), {
      about: "A session that is used through two gateways counts at each of them.",
    }),
    figure("Streams", "short", orZero(sum(now(gateway.openStreams, here)))),
    graph("Requests by status", "reqps", [{ of: sum(rate(gateway.requests, byClients), "status"), as: "{{status}}" }], {
      stacked: true,
    }),
    graph("Time until answers are complete", "s", quantiles(gateway.requestDuration, { where: here }), {
      about: "Mostly the MCP servers' own: see the next one for what the gateway adds.",
    }),
    graph("Overhead of the gateway", "s", quantiles(gateway.overhead, { where: here })),
    graph("Requests by gateway", "reqps", [
      { of: sum(rate(gateway.requests, byClients), "pod", "instance"), as: "{{pod}} {{instance}}" },
    ]),
    graph(
      "Requests by MCP method",
      "reqps",
      [{ of: sum(rate(gateway.requests, byClients), "method"), as: "{{method}}" }],
      {
        stacked: true,
      },
    ),
    graph("Bytes of bodies", "Bps", [
      { of: sum(rate(gateway.requestBytes, here)), as: "to MCP servers" },
      { of: sum(rate(gateway.answerBytes, here)), as: "from MCP servers" },
    ]),
  ],
};
