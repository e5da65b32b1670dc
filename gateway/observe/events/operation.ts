import type Registry from "prom-client/lib/registry.js";
import { controlEvents } from "./control.ts";
import { identityEvents } from "./identity.ts";
import type { Log } from "../logs/log.ts";
import { metricDefinitions } from "../definitions/metrics.ts";
import { processEvents } from "./process.ts";
import { readings } from "../metrics/readings.ts";
import { runtimeEvents } from "./runtime.ts";
import { storeEvents } from "./store.ts";

/** What happens to the gateway itself: keys, store, reconciling, replicas. `watched` shows a state under a gauge's name. */
export function operationEvents(log: Log, registry: Registry) {
  const process = processEvents(log, registry);
  return {
    ...process,
    ...identityEvents(log, registry),
    ...controlEvents(log, registry),
    ...runtimeEvents(log, registry),
    ...storeEvents(log, registry),
    watched: readings(registry, metricDefinitions, process.figureFailed),
  };
}
