import Registry from "prom-client/lib/registry.js";
import { eventsTo } from "../../gateway/observe/events.ts";
import { openLog } from "../../gateway/observe/logs/log.ts";
import { exposition } from "../../gateway/observe/metrics/registry.ts";

/** Events with what they count, as Prometheus would fetch it. */
export function countedEvents() {
  const registry = new Registry();
  const events = eventsTo(openLog("silent"), registry);
  return { events, registry, figures: async () => samplesIn(await (await exposition(registry, null)).text()) };
}

/** Values by what stands before them, `name{label="value"}`. */
export function samplesIn(text: string): Readonly<Record<string, number>> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
  );
}

/** Those of one metric, by the labels as they are written. */
export function samplesOf(samples: Readonly<Record<string, number>>, name: string): Readonly<Record<string, number>> {
  const own = Object.entries(samples).filter(([sample]) => sample === name || sample.startsWith(`${name}{`));
  return Object.fromEntries(own.map(([sample, value]) => [sample.slice(name.length), value]));
}
