import type { ReceivedSpan } from "../support/otlp-receiver.ts";

const kinds: Record<number, string> = { 1: "internal", 2: "server", 3: "client" };

/**
 * The spans of a trace below that span, as lines that are indented by what is whose child: service, kind, name, and the error's type
 * where there is one. Siblings in the order in which they began.
 */
export function treeBelow(spans: readonly ReceivedSpan[], parent: { traceId: string; spanId: string }): string[] {
  return spans
    .filter(({ traceId, parentSpanId }) => traceId === parent.traceId && parentSpanId === parent.spanId)
    .toSorted((one, other) => one.startMs - other.startMs || one.name.localeCompare(other.name))
    .flatMap((span) => [lineOf(span), ...treeBelow(spans, span).map((line) => `  ${line}`)]);
}

function lineOf({ name, kind, resource, attributes, status }: ReceivedSpan): string {
  const failure = attributes["error.type"];
  if ((status === 2) !== (failure !== undefined)) throw new Error(`${name}: status ${status}, error.type ${failure}`);
  const error = failure === undefined ? "" : ` [${failure}]`;
  return `${resource["service.name"]}: ${kinds[kind]} ${name}${error}`;
}
