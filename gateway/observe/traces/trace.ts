import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { rootDecision, samplerOf } from "./sampler.ts";
import type { TraceSettings } from "./settings.ts";
import { saidBy, type TraceSpan, type Tracing } from "./span.ts";
import { unrecorded } from "./unrecorded-span.ts";

/** Few enough that writing them down holds no request up. */
const batchSpans = 128;
/** Of what callers write; nobody searches for more. */
const maxValueLength = 256;
/** A process that ends waits no longer for its last spans. */
const closeMs = 2000;

/**
 * Load it only where spans are wanted: the library takes several megabytes.
 *
 * Spans to a collector, in batches, off the path of requests: what the collector does not take in time is lost and counted. The
 * exporter reads from the environment by itself what is no parameter here: OTEL_EXPORTER_OTLP_COMPRESSION and _CERTIFICATE.
 */
export function openTracing(
  settings: TraceSettings,
  scope: { name: string; version: string },
  onDropped: (spans: number, why: string) => void,
): Tracing {
  const { url, headers, timeoutMs } = settings;
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: timeoutMs });
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(settings.resource)),
    sampler: samplerOf(settings),
    spanProcessors: [counted(exporter, settings, onDropped)],
    spanLimits: { attributeValueLengthLimit: maxValueLength },
  });
  const tracer = provider.getTracer(scope.name, scope.version);
  const begins = rootDecision(settings);

  return {
    serve: (name, from, startMs) =>
      unrecorded(from, begins) ??
      started(name, SpanKind.SERVER, propagator.extract(ROOT_CONTEXT, from, reading), zeroMs(), startMs),
    async [Symbol.asyncDispose]() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, closeMs);
      await Promise.race([provider.shutdown().catch(() => {}), late.promise]);
      clearTimeout(timer);
    },
  };

  function started(
    name: string,
    kind: SpanKind,
    parent: Context,
    zero: number,
    startMs = performance.now(),
  ): TraceSpan {
    const span = tracer.startSpan(name, { kind, startTime: zero + startMs }, parent);
    const isRecorded = span.isRecording();
    const context = trace.setSpan(ROOT_CONTEXT, span);
    return {
      traceId: span.spanContext().traceId,
      isRecorded,
      propagate: (headers) => propagator.inject(context, headers, writing),
      part(name, fromMs, untilMs) {
        if (isRecorded) tracer.startSpan(name, { startTime: zero + fromMs }, context).end(zero + untilMs);
      },
      ask: (name) => started(name, SpanKind.CLIENT, context, zero),
      within: (name, startMs) => started(name, SpanKind.INTERNAL, context, zero, startMs),
      end(describe, failure) {
        if (!isRecorded) return;
        span.setAttributes(describe());
        if (failure !== undefined) {
          span.setAttribute("error.type", failure);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end(zero + performance.now());
      },
    };
  }
}

/**
 * When `performance.now()` was zero. Asked once for all spans of a request, since the library asks for each, and `Date.now()` knows
 * no parts of a millisecond: parts of a request would begin before it, and after those that follow them.
 */
function zeroMs(): number {
  return Date.now() - performance.now();
}

const propagator = new W3CTraceContextPropagator();
const reading = { get: saidBy, keys: () => [] };
const writing = {
  set(to: Record<string, string>, name: string, value: string) {
    to[name] = value;
  },
};

/** The library drops spans without telling. So it is given no more than it keeps, and asked what became of each batch. */
function counted(
  exporter: SpanExporter,
  { delayMs, timeoutMs, maxWaiting }: TraceSettings,
  onDropped: (spans: number, why: string) => void,
): SpanProcessor {
  let waiting = 0;
  const batches = new BatchSpanProcessor({
    maxQueueSize: maxWaiting,
    maxExportBatchSize: Math.min(batchSpans, maxWaiting),
    scheduledDelayMillis: delayMs,
    exportTimeoutMillis: timeoutMs + closeMs,
    exporter: {
      export(spans, done) {
        waiting -= spans.length;
        exporter.export(spans, (result) => {
          if (result.code !== ExportResultCode.SUCCESS) onDropped(spans.length, result.error?.message ?? "not taken");
          // Of a failure the library would make another batch, on its way beside the next one.
          done({ code: ExportResultCode.SUCCESS });
        });
      },
      shutdown: () => exporter.shutdown(),
    },
  });
  return {
    onStart: (span, context) => batches.onStart(span, context),
    onEnd(span) {
      if (waiting >= maxWaiting) return onDropped(1, "the queue is full");
      waiting++;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}
