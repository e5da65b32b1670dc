import type { RootDecision } from "./sampler.ts";
import { saidBy, type TraceCarrier, type TraceSpan } from "./span.ts";

/** W3C Trace Context, level 1 §3.2: what we read of other versions is up to the library. */
const notSampled = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-00$/;

/**
 * What goes on of a trace that nobody records, as most are: a span of the library would cost as much as everything else that is
 * observed. Undefined: it is to be recorded, or the library has to decide.
 */
export function unrecorded(from: TraceCarrier, begins: RootDecision): TraceSpan | undefined {
  if (!begins) return undefined;
  const said = saidBy(from, "traceparent");
  if (said === undefined) return begins() ? undefined : new Unrecorded(begun(), undefined, undefined);
  const traceId = notSampled.exec(said)?.[1];
  return traceId === undefined ? undefined : new Unrecorded(said, saidBy(from, "tracestate"), traceId);
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

/** Hexadecimal digits that no other process has, and a count that has always as many. */
const own = crypto.randomUUID().replaceAll("-", "");
const countDigits = 13;
let count = 16 ** (countDigits - 1);

/**
 * A trace that is not recorded, so that nobody further on begins to. Its ids are unique and not drawn: that would cost ten texts for
 * what nobody will ever look for.
 */
function begun(): string {
  const counted = (++count).toString(16);
  return `${ownTrace}${counted}${ownSpan}${counted}-00`;
}

const ownTrace = `00-${own.slice(countDigits)}`;
const ownSpan = `-${own.slice(0, 16 - countDigits)}`;
