import { gateway, gatewayProcess, otherMetrics } from "../metrics.ts";
import { graph, quantiles, type Row } from "../panels.ts";
import { and, changes, increase, max, now, rate, share, sum } from "../promql.ts";
import { here, isGateway } from "./scope.ts";

const byGateway = "{{pod}} {{instance}}";
const own = ["job", "instance"] as const;
const cpu = gatewayProcess.metric("process_cpu_seconds_total");
const memory = gatewayProcess.metric("process_resident_memory_bytes");
const started = gatewayProcess.metric("process_start_time_seconds");
const limit = { ...here, container: '="gateway"', resource: '="memory"' } as const;

export const process: Row = {
  title: "Processes",
  panels: [
    graph("CPU", "short", [{ of: and(rate(cpu, here), now(isGateway, here), ...own), as: byGateway }], {
      about:
        "Cores in use. A gateway is one process, and most of its work is in one thread: much above 1 it will not go.",
      limits: { warn: 0.8, bad: 1 },
    }),
    graph("Resident memory", "bytes", [
      { of: and(now(memory, here), now(isGateway, here), ...own), as: byGateway },
      { of: max(now(otherMetrics.limits, limit)), as: "limit" },
    ]),
    graph("JavaScript's memory", "bytes", [
      { of: now(gateway.heapUsed, here), as: `${byGateway} objects with all that they hold` },
      { of: now(gateway.heapTotal, here), as: `${byGateway} set aside for objects alone` },
    ]),
    graph("Event loop's delay", "s", quantiles(gateway.eventLoopDelay, { where: here }), {
      about: "For so long nobody is served: something in the process takes its time in one piece.",
      limits: { warn: 0.1, bad: 0.5 },
    }),
    graph(
      "Open files and sockets",
      "percentunit",
      [{ of: share(now(gateway.openFds, here), now(gateway.maxFds, here)), as: byGateway }],
      { limits: { warn: 0.6, bad: 0.8 }, max: 1 },
    ),
    graph("Connections to MCP servers", "short", [{ of: now(gateway.upstreamConnections, here), as: byGateway }]),
    graph("Starts", "short", [{ of: and(changes(started, here, "1h"), now(isGateway, here), ...own), as: byGateway }], {
      about: "Within the last hour, without leaving the pod.",
    }),
    graph(
      "Workers",
      "short",
      [
        { of: now(gateway.workers, here), as: byGateway },
        { of: sum(increase(gateway.workerEnds, here, "1h"), "how"), as: "ended within the last hour, {{how}}" },
      ],
      { about: "Where GATEWAY_WORKERS asks for several processes on one port." },
    ),
    graph("Dropped", "ops", [
      { of: sum(rate(gateway.spansDropped, here)), as: "spans" },
      { of: sum(rate(gateway.logLinesDropped, here)), as: "log lines" },
    ]),
    graph("Changed settings", "ops", [
      { of: sum(rate(gateway.settingsFiles, here), "setting", "result"), as: "{{setting}} {{result}}" },
    ]),
    graph("Versions", "short", [
      { of: sum(now(isGateway, here), "version"), as: "gateway {{version}}" },
      { of: sum(now(gateway.runtimeInfo, here), "name", "version"), as: "{{name}} {{version}}" },
    ]),
  ],
};
