import type { JSONRPCMessage } from "@modelcontextprotocol/server";

/** The headers of W3C's trace context and baggage; in `_meta` they have the same names (SEP-414). */
const names = ["traceparent", "tracestate", "baggage"] as const;

/** W3C trace context §3.2; captures the trace's id. */
const traceparent = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

/**
 * The message with what the headers of its request say of its trace, since on stdio there are none to read it from. What it says
 * itself stays, and if that is another trace, nothing is added to it. Without a trace it is given back as it is.
 */
export function withTraceContext(message: JSONRPCMessage, headers: Headers | undefined): JSONRPCMessage {
  const trace = traceOf(headers?.get("traceparent"));
  if (!headers || trace === undefined || !("method" in message)) return message;
  const { params = {} } = message;
  const { _meta: meta = {} } = params;
  // JSON-RPC has lists for parameters, too; MCP has none, and then no place for this.
  if (!isObject(params) || !isObject(meta)) return message;
  const said = meta["traceparent"];
  if (said !== undefined && traceOf(said) !== trace) return message;
  const added = names.filter((name) => meta[name] === undefined && headers.has(name));
  const context = Object.fromEntries(added.map((name) => [name, headers.get(name)]));
  return { ...message, params: { ...params, _meta: { ...meta, ...context } } };
}

function traceOf(value: unknown): string | undefined {
  return typeof value === "string" ? traceparent.exec(value)?.[1] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
