import {
  type Attributes,
  type Context,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { samplerOf } from "./trace-sampler.ts";
import type { TraceSettings } from "./trace-settings.ts";

/** Load it only where spans are wanted: the library takes several megabytes. */

export type TraceSpan = {
  /** Makes whoever reads these headers its child. */
  propagate(headers: Record<string, string>): void;
  /** `failure` is its error type, a word or a code. */
  end(attributes: Attributes, failure?: string): void;
};

export type Tracing = AsyncDisposable & {
  /**
   * A span of a request that came in. Its parent is what `traceparent` and `tracestate` say, if anything. It is described only
   * where somebody will see it.
   */
  serve(name: string, headers: Headers, describe: () => Attributes): TraceSpan;
};

/** Few enough that writing them down holds no request up. */
const batchSpans = 128;
/** Of what callers write; nobody searches for more. */
const maxValueLength = 256;
/** A process that ends waits no longer for its last spans. */
const closeMs = 2000;

/**
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

  return {
    serve(name, headers, describe) {
      const parent = propagator.extract(ROOT_CONTEXT, headers, reading);
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
      if (span.isRecording()) span.setAttributes(describe());
      const context = trace.setSpan(ROOT_CONTEXT, span);
      return {
        propagate: (to) => inject(context, to),
        end(more, failure) {
          if (failure !== undefined) {
            span.setAttribute("error.type", failure);
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          span.setAttributes(more);
          span.end();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, closeMs);
      await Promise.race([provider.shutdown().catch(() => {}), late.promise]);
      clearTimeout(timer);
    },
  };
}

const propagator = new W3CTraceContextPropagator();
const reading = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
};

function inject(context: Context, headers: Record<string, string>): void {
  propagator.inject(context, headers, defaultTextMapSetter);
}

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
          done(result);
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
