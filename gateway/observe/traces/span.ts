import type { Attributes } from "@opentelemetry/api";

export type TraceSpan = {
  /** Undefined where nobody has begun a trace. */
  readonly traceId: string | undefined;
  /** Whether anybody will see it; if not, it only hands the trace on. */
  readonly isRecorded: boolean;
  /** Makes whoever reads these headers its child. */
  propagate(headers: Record<string, string>): void;
  /** A part of it that is over. Times as of `performance.now()`. */
  part(name: string, fromMs: number, untilMs: number): void;
  /** What another server is asked for while it lasts. */
  ask(name: string): TraceSpan;
  /** A request that came from here, `startMs` as of `performance.now()`. */
  within(name: string, startMs?: number): TraceSpan;
  /** `failure` is its error type, a word or a code. It is described only where somebody will see it. */
  end(describe: () => Attributes, failure?: string): void;
};

/** Where a trace comes from: texts by the names `traceparent` and `tracestate`, and whatever else there is. */
export type TraceCarrier = Readonly<Record<string, unknown>>;

export function saidBy(carrier: TraceCarrier, name: string): string | undefined {
  const said = carrier[name];
  return typeof said === "string" ? said : undefined;
}

export type Tracing = AsyncDisposable & {
  /**
   * A span of a request that came in, `startMs` as of `performance.now()`. Its parent is what the carrier says, if anything.
   */
  serve(name: string, from: TraceCarrier, startMs?: number): TraceSpan;
};
