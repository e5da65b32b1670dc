import type { AnswerFailure } from "../requests/answer-failure.ts";

/**
 * What a span says of a request, by OpenTelemetry's conventions for MCP and HTTP
 * (github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/mcp.md).
 */
export type Attributes = Record<string, string | number>;

/** `session` is a hash: the id itself opens the session. */
export type Asked = {
  readonly method: string;
  readonly tool: string | undefined;
  readonly revision: string | null;
  readonly session: string | undefined;
};

export function requestAttributes({ method, tool, revision, session }: Asked): Attributes {
  return {
    "mcp.method.name": method,
    ...(tool !== undefined && { "gen_ai.tool.name": tool }),
    ...(method === "tools/call" && { "gen_ai.operation.name": "execute_tool" }),
    ...(revision !== null && { "mcp.protocol.version": revision }),
    ...(session !== undefined && { "mcp.session.id": session }),
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

/** The error type of an answer, `failure` being what it says of itself. What a client did wrong is no error of a server (HTTP conventions). */
export function errorTypeOf(status: number, failure: AnswerFailure | undefined): string | undefined {
  if (failure !== undefined) return String(failure);
  return status >= 500 ? String(status) : undefined;
}
