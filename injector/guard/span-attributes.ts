import { createHash } from "node:crypto";
import type { Call } from "./call.ts";
import type { Labels } from "./metrics.ts";

/**
 * What a span says of a request, by OpenTelemetry's conventions for MCP and HTTP
 * (github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/mcp.md).
 */
type Attributes = Record<string, string | number>;

/** The method and what it is about, both out of few values. */
export function spanName({ method, tool }: Labels): string {
  return tool === "" ? method : `${method} ${tool}`;
}

export function requestAttributes(headers: Headers, { method, tool }: Call, session: string | undefined): Attributes {
  const revision = headers.get("mcp-protocol-version");
  return {
    "mcp.method.name": method,
    ...(tool !== undefined && { "gen_ai.tool.name": tool }),
    ...(method === "tools/call" && { "gen_ai.operation.name": "execute_tool" }),
    ...(revision !== null && { "mcp.protocol.version": revision }),
    ...(session !== undefined && { "mcp.session.id": hashed(session) }),
    "http.request.method": "POST",
    "network.protocol.name": "http",
    "network.protocol.version": "1.1",
    "network.transport": "tcp",
  };
}

export function answerAttributes(status: number, rpcError: number | undefined): Attributes {
  return {
    "http.response.status_code": status,
    ...(rpcError !== undefined && { "rpc.response.status_code": String(rpcError) }),
  };
}

/** The error type of an answer that is a failure. What the client did wrong is none of the server's (HTTP conventions). */
export function failureOf(status: number, rpcError: number | undefined): string | undefined {
  if (rpcError !== undefined) return String(rpcError);
  return status >= 500 ? String(status) : undefined;
}

/** The id itself opens the session to whoever gets past the gateway. */
function hashed(session: string): string {
  return createHash("sha256").update(session).digest("hex").slice(0, 32);
}
