import { injector as metrics } from "../metrics.ts";
import { graph, quantiles, type Row } from "../panels.ts";
import { and, max, min, now, rate, sum, untilThen, when } from "../promql.ts";
import { here, isInjector } from "./scope.ts";

const expiry = metrics.metric("mcp_injector_certificate_expiry_seconds");

export const injector: Row = {
  title: "Injector",
  panels: [
    graph(
      "Pods without a guard",
      "short",
      [{ of: max(now(metrics.metric("mcp_injector_pods_without_guard"), here)), as: "now" }],
      { about: "kubectl -n adapter events --types=Warning | grep MissingGuard", limits: { warn: 1, bad: 1 } },
    ),
    graph("Pods found without a guard", "ops", [
      { of: sum(rate(metrics.metric("mcp_injector_missing_guards_total"), here)), as: "found" },
    ]),
    graph("Reviews", "ops", [
      {
        of: sum(rate(metrics.metric("mcp_injector_requests_total"), here), "result", "reason"),
        as: "{{result}} {{reason}}",
      },
    ]),
    graph(
      "Time of a review",
      "s",
      quantiles(metrics.metric("mcp_injector_request_duration_seconds"), { where: here }),
      {
        about: "API servers wait 5 s at most.",
      },
    ),
    graph(
      "Certificate is valid for",
      "s",
      [{ of: min(untilThen(when(now(expiry, here), ">", 0))), as: "the one that ends first" }],
      {
        about: "Renewed after two thirds: of 90 days there should never be less than 30 left.",
        limits: { warn: 1_814_400, bad: 259_200, falling: true },
      },
    ),
    graph("Changes of certificates", "ops", [
      { of: sum(rate(metrics.metric("mcp_injector_certificate_swaps_total"), here)), as: "taken into use" },
      { of: sum(rate(metrics.metric("mcp_injector_certificate_failures_total"), here)), as: "could not be kept" },
    ]),
    graph("Resident memory", "bytes", [
      {
        of: and(now(metrics.metric("process_resident_memory_bytes"), here), now(isInjector, here), "job", "instance"),
        as: "{{pod}} {{instance}}",
      },
    ]),
  ],
};
