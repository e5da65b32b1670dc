import { isObject } from "./message.ts";

/** The `_meta` of a request's parameters, where MCP has its own place for W3C trace context (SEP-414). */
export function metaIn(json: unknown): Readonly<Record<string, unknown>> | undefined {
  const params = isObject(json) ? json["params"] : undefined;
  const meta = isObject(params) ? params["_meta"] : undefined;
  return isObject(meta) ? meta : undefined;
}

const metaStart = /"_meta"\s*:\s*\{(\s*\})?/g;

/**
 * The same text, `traceparent` being the one in its `_meta`. Nothing else in it is touched: where it cannot be told what else
 * would be, or there is no `_meta`, the text stays as it is, since headers say the same.
 */
export function tracedBody(text: string, json: unknown, traceparent: string): string {
  const meta = metaIn(json);
  if (!meta) return text;
  const said = meta["traceparent"];
  const changed = typeof said === "string" ? replaced(text, said, traceparent) : inserted(text, traceparent);
  return metaIn(parsed(changed))?.["traceparent"] === traceparent ? changed : text;
}

function replaced(text: string, said: string, traceparent: string): string {
  const at = text.indexOf(`"${said}"`);
  if (at < 0 || text.indexOf(said, at + said.length) >= 0) return text;
  return `${text.slice(0, at)}"${traceparent}"${text.slice(at + said.length + 2)}`;
}

function inserted(text: string, traceparent: string): string {
  const [start, another] = text.matchAll(metaStart);
  if (!start || another) return text;
  const isEmpty = start[1] !== undefined;
  const at = start.index + start[0].indexOf("{") + 1;
  return `${text.slice(0, at)}"traceparent":"${traceparent}"${isEmpty ? "" : ","}${text.slice(at)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
