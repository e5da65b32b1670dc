import Registry from "prom-client/lib/registry.js";
import { accessLogTo } from "./logs/access-log.ts";
import type { Log } from "./logs/log.ts";
import { operationEvents } from "./events/operation.ts";
import { trafficEvents } from "./events/traffic.ts";

/**
 * One function per thing worth knowing; each says it once, in one place, to the log and to whoever counts. Values, secrets and
 * bodies never get here.
 */
export type Events = ReturnType<typeof eventsTo>;

/** `registry` takes the figures, `access` a line for each request. */
export function eventsTo(log: Log, registry = new Registry(), access = accessLogTo(log)) {
  return { ...trafficEvents(log, access, registry), ...operationEvents(log, registry) };
}
