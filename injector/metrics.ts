import type { Registry } from "prom-client";
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";

export type InjectorMetrics = ReturnType<typeof injectorMetrics>;

/** What an injector counts. All labels have few values. */
export function injectorMetrics(registry: Registry) {
  const registers = [registry];
  const requests = new Counter({
    name: "mcp_injector_requests_total",
    help: "Requests to the webhook by what became of them and why.",
    labelNames: ["result", "reason"],
    registers,
  });
  const durations = new Histogram({
    name: "mcp_injector_request_duration_seconds",
    help: "From a review's head to its answer.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const expiry = new Gauge({
    name: "mcp_injector_certificate_expiry_seconds",
    help: "When the certificate in use expires, in seconds since 1970; 0 before there is one.",
    registers,
  });
  const swaps = new Counter({
    name: "mcp_injector_certificate_swaps_total",
    help: "How often another certificate was taken into use.",
    registers,
  });
  const failures = new Counter({
    name: "mcp_injector_certificate_failures_total",
    help: "How often it began that certificates could not be kept.",
    registers,
  });
  const missing = new Gauge({
    name: "mcp_injector_pods_without_guard",
    help: "Pods of adapters that have no guard now.",
    registers,
  });
  const missed = new Counter({
    name: "mcp_injector_missing_guards_total",
    help: "Pods of adapters that were found without a guard.",
    registers,
  });
  return {
    /** Without seconds: it is not known how long it took. */
    reviewed(result: string, reason: string, seconds: number | undefined) {
      requests.inc({ result, reason });
      if (seconds !== undefined) durations.observe(seconds);
    },
    certificateShown(expirySeconds: number) {
      expiry.set(expirySeconds);
      swaps.inc();
    },
    certificatesFailed: () => failures.inc(),
    guardMissing: () => missed.inc(),
    guardsMissing: (count: number) => missing.set(count),
  };
}
