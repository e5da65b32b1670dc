import type { RootDecision } from "./sampler.ts";
import type { TraceCarrier, TraceSpan } from "./span.ts";

/** W3C Trace Context, level 1 §3.2: what we read of other versions is up to the library. */
const notSampled = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-00$/;

/**
 * What goes on of a trace that nobody records, as most are: a span of the library would cost as much as everything else that is
 * observed. Undefined: it is to be recorded, or the library has to decide.
 */
export function unrecorded(from: TraceCarrier, begins: RootDecision): TraceSpan | undefined {
  if (!begins) return undefined;
  const said = from.get("traceparent");
  if (said === null || said === undefined) return begins() ? undefined : new Unrecorded(begun(), undefined, undefined);
  const traceId = notSampled.exec(said)?.[1];
  return traceId === undefined ? undefined : new Unrecorded(said, from.get("tracestate") ?? undefined, traceId);
}

/** Who hands a trace on without a part in it hands on what it was given (§2.3). A class, since there is one for each request. */
class Unrecorded implements TraceSpan {
  readonly isRecorded = false;
  readonly traceId: string | undefined;
  readonly #traceparent: string;
  readonly #tracestate: string | undefined;

  constructor(traceparent: string, tracestate: string | undefined, traceId: string | undefined) {
    this.#traceparent = traceparent;
    this.#tracestate = tracestate;
    this.traceId = traceId;
  }

  propagate(headers: Record<string, string>): void {
    headers["traceparent"] = this.#traceparent;
    if (this.#tracestate !== undefined) headers["tracestate"] = this.#tracestate;
  }

  part(): void {}

  ask(): TraceSpan {
    return this;
  }

  within(): TraceSpan {
    return this;
  }

  end(): void {}
}

/**
 * A trace that is not recorded, so that nobody further on begins to. Of a UUID's digits, which cost the least; the span, which nobody
 * will ever look for, has some of the trace's.
 */
function begun(): string {
  const id = crypto.randomUUID();
  const middle = id.slice(14, 18);
  const last = id.slice(24);
  return `00-${id.slice(0, 8)}${id.slice(9, 13)}${middle}${id.slice(19, 23)}${last}-${middle}${last}-00`;
}
