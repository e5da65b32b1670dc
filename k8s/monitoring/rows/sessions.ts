import { gateway } from "../metrics.ts";
import { graph, quantiles, type Row } from "../panels.ts";
import { now, observed, rate, sum } from "../promql.ts";
import { chosen, here } from "./scope.ts";

export const sessions: Row = {
  title: "Sessions: $adapter",
  panels: [
    graph("Live sessions", "short", [{ of: sum(now(gateway.sessions, chosen), "adapter"), as: "{{adapter}}" }], {
      stacked: true,
    }),
    graph("Opened and closed", "ops", [
      { of: sum(rate(gateway.sessionsOpened, chosen), "adapter"), as: "{{adapter}} opened" },
      { of: sum(rate(gateway.sessionsClosed, chosen), "adapter"), as: "{{adapter}} closed" },
    ]),
    graph(
      "Lost",
      "ops",
      [{ of: sum(rate(gateway.sessionsLost, chosen), "adapter", "reason"), as: "{{adapter}} {{reason}}" }],
      {
        about:
          "Clients hear 404 and open another session. A rollout or a scale-down of an adapter explains `replica-gone`; ids that do not open are old, of another gateway, or guessed.",
      },
    ),
    graph(
      "Live sessions by replica",
      "short",
      [{ of: sum(now(gateway.sessions, chosen), "replica"), as: "{{replica}}" }],
      { about: "Placement: replicas of one adapter should have about as many each." },
    ),
    graph("Opened by replica", "ops", [
      { of: sum(rate(gateway.sessionsOpened, chosen), "replica"), as: "{{replica}}" },
    ]),
    graph(
      "Waited for a ready replica",
      "reqps",
      [{ of: sum(rate(gateway.holds, chosen), "adapter", "outcome"), as: "{{adapter}} {{outcome}}" }],
      { about: "Those that were not served had to be told 503." },
    ),
    graph("How long they waited", "s", quantiles(gateway.holdDuration, { where: here })),
    graph("Waiting requests that ended", "reqps", [
      { of: sum(observed(gateway.holdDuration, here)), as: "all adapters" },
    ]),
  ],
};
