/**
 * The gateway's own answers on MCP paths: a JSON-RPC error without an id, under the HTTP status the revision asks for.
 * Codes are JSON-RPC's own, and -32001 for a session that is over, as every SDK spells it; the specification keeps
 * -32020 to -32099 for itself and nothing new may be coined below.
 */
export const answers = {
  malformed: () => rpcError(400, -32700, "Parse error: the body is not JSON"),
  /** To whom the front door refused: short, and the same whatever was wrong. */
  stranger: (status: 401 | 403 | 503, challenge: string | undefined) =>
    rpcError(status, -32600, strangers[status], {
      ...(challenge && { "www-authenticate": challenge }),
      ...(status === 503 && { "retry-after": "5" }),
    }),
  forbidden: () => rpcError(403, -32600, "Forbidden"),
  noAdapter: () => rpcError(404, -32600, "Adapter not found"),
  /** `mayHaveRun`: the replica went with the request in hand, so it is not for everyone to send again. */
  noSession: ({ mayHaveRun = false } = {}) =>
    rpcError(404, -32001, "Session not found", {}, mayHaveRun ? { mayHaveRun } : undefined),
  noServer: () => rpcError(404, -32600, "Virtual server not found"),
  methodNotAllowed: (allowed: readonly string[]) =>
    rpcError(405, -32600, "Method not allowed", { allow: allowed.join(", ") }),
  tooLarge: (maxBytes: number) => rpcError(413, -32600, `Request body is larger than ${maxBytes} bytes`),
  broken: () => rpcError(502, -32603, "The MCP server broke off before it answered"),
  notReady: (retryAfterSeconds: number) =>
    rpcError(503, -32603, "No replica of the MCP server is ready", { "retry-after": String(retryAfterSeconds) }),
  /** Nobody reads it: the client has gone. */
  abandoned: () => new Response(null, { status: 499 }),
  internal: () => rpcError(500, -32603, "Internal error"),
};

const strangers = { 401: "Unauthorized", 403: "Forbidden", 503: "The identity provider cannot be reached" };

function rpcError(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
  data?: unknown,
): Response {
  const error = { code, message, ...(data !== undefined && { data }) };
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status, headers });
}
