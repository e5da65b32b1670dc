import { documentHead } from "../openapi/document.ts";
import type { Config } from "./config.ts";
import { Observation, type Observing } from "./data-plane/observation.ts";
import { pathOf } from "./data-plane/path.ts";
import { unseen } from "./data-plane/seen.ts";
import type { Observe } from "./mcp-route.ts";
import type { Events } from "./observe/events.ts";
import type { ToolCall } from "./observe/requests/tool-call.ts";
import type { TraceSettings } from "./observe/traces/settings.ts";
import type { Tracing } from "./observe/traces/span.ts";

/** The library is loaded only for this: it takes several megabytes. */
export async function openSpans(settings: TraceSettings, events: Events): Promise<Tracing> {
  const { openTracing } = await import("./observe/traces/trace.ts");
  return openTracing(settings, { name: "mcp-gateway", version: documentHead.info.version }, events.spansDropped);
}

/** Where nobody wants to know anything, nothing is noted. */
export function observerOf({ metrics, audit }: Config, observing: Observing & { events: Events }): Observe {
  const { events, tracing } = observing;
  const isQuiet = metrics.kind === "off" && !audit.calls && !tracing;
  return (requestId, { method: httpMethod }, target) =>
    isQuiet && !events.accessLogIsOn()
      ? unseen
      : new Observation(observing, { requestId, via: "client", httpMethod, path: pathOf(target) });
}

/** The audit trail hears of every tool call, too. */
export function audited(events: Events, note: (call: ToolCall) => void): Events {
  return {
    ...events,
    toolCalled(call) {
      events.toolCalled(call);
      note(call);
    },
  };
}
