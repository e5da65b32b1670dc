import { gateway } from "../metrics.ts";
import { graph, type Row } from "../panels.ts";
import { max, min, now, quantile, rate, sum } from "../promql.ts";
import { here } from "./scope.ts";

const byKind = { where: here, by: ["kind"] } as const;

export const controlPlane: Row = {
  title: "Control plane",
  panels: [
    graph(
      "Replicas",
      "short",
      [
        { of: min(now(gateway.replicasReady, here), "name"), as: "{{name}} ready" },
        { of: max(now(gateway.replicasDesired, here), "name"), as: "{{name}} desired" },
      ],
      { about: "As the gateway sees them that knows of the fewest ready ones." },
    ),
    graph("Replicas that started and ended", "ops", [
      { of: max(rate(gateway.replicaStarts, here), "name"), as: "{{name}} started" },
      { of: max(rate(gateway.replicaEnds, here), "name", "how"), as: "{{name}} {{how}}" },
    ]),
    graph("Replicas started again after a crash", "ops", [
      { of: max(rate(gateway.replicaRestarts, here), "name"), as: "{{name}}" },
    ]),
    graph("Not as wanted yet", "short", [
      { of: max(now(gateway.reconcileQueue, here), "kind", "state"), as: "{{kind}} {{state}}" },
    ]),
    graph("For how long", "s", [
      { of: max(now(gateway.reconcileLag, here), "kind", "state"), as: "{{kind}} {{state}}" },
    ]),
    graph("Reconciles", "ops", [
      { of: sum(rate(gateway.reconciles, here), "kind", "result"), as: "{{kind}} {{result}}" },
      { of: sum(rate(gateway.reconcileRetries, here), "kind"), as: "{{kind}} again" },
    ]),
    graph("Time of a reconcile, p95", "s", [{ of: quantile(0.95, gateway.reconcileDuration, byKind), as: "{{kind}}" }]),
    graph("Leading", "bool_yes_no", [{ of: now(gateway.leader, here), as: "{{pod}} {{instance}}" }], { max: 1 }),
    graph("Changes of the leader", "ops", [{ of: sum(rate(gateway.leadershipChanges, here)), as: "heard of" }]),
    graph("Records", "short", [
      { of: max(now(gateway.resources, here), "kind", "managed_by"), as: "{{kind}} by {{managed_by}}" },
    ]),
    graph("Changes of records", "ops", [
      {
        of: sum(rate(gateway.resourceWrites, here), "kind", "action", "author"),
        as: "{{kind}} {{action}} by {{author}}",
      },
    ]),
    graph("REST requests", "reqps", [
      { of: sum(rate(gateway.restRequests, here), "route", "method", "status"), as: "{{method}} {{route}} {{status}}" },
    ]),
    graph("Time until REST answers begin, p95", "s", [
      {
        of: quantile(0.95, gateway.restDuration, { where: here, by: ["route", "method"] }),
        as: "{{method}} {{route}}",
      },
    ]),
    graph("Watches of Kubernetes that broke off", "ops", [
      { of: sum(rate(gateway.watchInterruptions, here), "kind"), as: "{{kind}}" },
    ]),
    graph("Kubernetes asks for patience", "ops", [
      { of: sum(rate(gateway.kubernetesThrottled, here), "status"), as: "{{status}}" },
    ]),
  ],
};
