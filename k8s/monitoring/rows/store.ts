import { gateway } from "../metrics.ts";
import { graph, type Row } from "../panels.ts";
import { max, now, observed, quantile, rate, sum } from "../promql.ts";
import { here } from "./scope.ts";

const byGateway = "{{pod}} {{instance}}";

export const store: Row = {
  title: "Store",
  panels: [
    graph("Store answers", "bool_yes_no", [{ of: now(gateway.storeUp, here), as: byGateway }], {
      about: "Without it live traffic goes on, and changes wait.",
      max: 1,
    }),
    graph(
      "Time of an operation, p95",
      "s",
      [{ of: quantile(0.95, gateway.storeDuration, { where: here, by: ["operation"] }), as: "{{operation}}" }],
      { limits: { warn: 0.5, bad: 2 } },
    ),
    graph("Operations", "ops", [
      { of: sum(observed(gateway.storeDuration, here), "operation", "result"), as: "{{operation}} {{result}}" },
    ]),
    graph(
      "Feed of changes",
      "s",
      [
        { of: max(now(gateway.changeFeedAge, here), "pod", "instance"), as: `${byGateway} since known to work` },
        { of: max(now(gateway.viewLag, here), "pod", "instance"), as: `${byGateway} oldest change not read` },
      ],
      { limits: { warn: 30, bad: 120 } },
    ),
    graph("Failures of the feed", "ops", [{ of: sum(rate(gateway.changeFeedFailures, here)), as: "failures" }]),
    graph("Audit entries waiting", "short", [{ of: now(gateway.auditWaiting, here), as: byGateway }], {
      about: "10,000 may wait; then the oldest are lost, and only their log lines are left.",
      limits: { warn: 1000, bad: 8000 },
    }),
    graph("Audit entries", "ops", [
      { of: sum(rate(gateway.auditWritten, here)), as: "written" },
      { of: sum(rate(gateway.auditLost, here)), as: "lost" },
      { of: sum(rate(gateway.auditPurged, here)), as: "removed because of their age" },
    ]),
    graph("Failures of the audit trail", "ops", [
      { of: sum(rate(gateway.auditWriteFailures, here)), as: "writing" },
      { of: sum(rate(gateway.auditPurgeFailures, here)), as: "removing old ones" },
    ]),
  ],
};
