import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Registry from "prom-client/lib/registry.js";
import { sharedExpositionOf } from "./exposition.ts";
import type { FamilySource } from "./families.ts";

/**
 * What one process counts, for Prometheus to fetch. A registry of its own, so that two in one process never meet. It says of the
 * process itself what Prometheus' own client libraries say.
 */
export function processRegistry(build: { name: string; version: string }): Registry {
  const registry = new Registry();
  const registers = [registry];
  const info = new Gauge({
    name: `${build.name}_build_info`,
    help: "Which version runs; the value is always 1.",
    labelNames: ["version"],
    aggregator: "max",
    registers,
  });
  info.set({ version: build.version }, 1);
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  const started = new Gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since unix epoch in seconds.",
    aggregator: "max",
    registers,
  });
  started.set(performance.timeOrigin / 1000);
  return registry;
}

/** All of it, in the format that `accept` asks for: OpenMetrics 1.0 where it is wanted more than the older text format. */
export async function exposition(source: FamilySource, accept: string | null): Promise<Response> {
  const isOpen = wanted(accept ?? "", "application/openmetrics-text") > wanted(accept ?? "", "text/plain");
  return new Response(await sharedExpositionOf(source, isOpen ? "openmetrics" : "prometheus"), {
    headers: { "content-type": isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE },
  });
}

/** The weight of a media type (RFC 9110 §12.5.1), 0 if it is not named. */
function wanted(accept: string, type: string): number {
  const ranges = accept.split(",").filter((range) => range.split(";", 1)[0]?.trim().toLowerCase() === type);
  return Math.max(0, ...ranges.map((range) => Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1)));
}
