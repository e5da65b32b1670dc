import type { ToolDefinition } from "../../../../openapi/tools.ts";
import type { UpstreamRequest } from "../../forward.ts";
import { setOwnHeaders } from "../../headers.ts";
import type { Caller } from "../caller.ts";

/** Servers take request lines of 8 KB at least (RFC 9112 §3), few take more than twice that. */
const maxQueryLength = 16_000;

export type ToolRequest = { state: "ready"; request: UpstreamRequest } | { state: "refused"; reason: string };

/**
 * A tool call as the HTTP request that its program wants: POST with the arguments as JSON body, or whatever the tool's
 * `properties` name. GET and DELETE have no body, so there the arguments are the query.
 */
export function toolRequest(
  { tool, path }: ToolDefinition,
  args: Readonly<Record<string, unknown>>,
  caller: Caller,
  signal: AbortSignal,
): ToolRequest {
  const { method = "POST", path: target = path } = tool.type === "function" ? {} : (tool.properties ?? {});
  const headers = headersFor(caller);
  const { seen } = caller;
  if (method !== "GET" && method !== "DELETE") {
    headers["content-type"] = "application/json";
    return {
      state: "ready",
      request: { method, target, headers, body: JSON.stringify(args), client: { signal }, seen },
    };
  }
  const query = queryOf(args);
  if (query.length > maxQueryLength) return { state: "refused", reason: "the arguments are too long for its query" };
  const withQuery = query === "" ? target : `${target}?${query}`;
  return { state: "ready", request: { method, target: withQuery, headers, body: null, client: { signal }, seen } };
}

/** Nothing of the client's own headers: a tool speaks no MCP, and credentials are the gateway's. */
function headersFor(caller: Caller): UpstreamRequest["headers"] {
  const headers: UpstreamRequest["headers"] = { accept: "application/json", "x-request-id": caller.requestId };
  setOwnHeaders(headers, caller);
  for (const name of ["traceparent", "tracestate"] as const) {
    const value = caller.trace[name];
    if (value !== undefined && /^[\x20-\x7e]{1,512}$/.test(value)) headers[name] = value;
  }
  return headers;
}

/** Text, numbers and truth values as they are, a list as a name repeated, whatever else as JSON; null is left out. */
function queryOf(args: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined)
        query.append(name, typeof one === "object" ? JSON.stringify(one) : String(one));
    }
  }
  return query.toString();
}
