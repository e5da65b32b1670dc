import { failureHeader, type GuardFailure } from "../../gateway/assertion/assertion.ts";

/** The guard's own answers: constant, a JSON-RPC error without an id. Why is for its log. */
export const answers = {
  /** To whoever does not come from the gateway. */
  stranger: () => rpcError(403, forbidden),
  /** Nobody can be let in yet. */
  noKeys: () => rpcError(503, notReady, { "retry-after": "5" }),
  /** The gateway makes of it what it would have seen without a guard. */
  failed: (failure: GuardFailure) =>
    rpcError(502, failure === "refused" ? unreached : brokeOff, { [failureHeader]: failure }),
  noMethod: () => rpcError(405, notAllowed, { allow: "GET, POST, DELETE" }),
  /** Nobody reads it: the client has gone. */
  abandoned: () => new Response(null, { status: 499 }),
  internal: () => rpcError(500, internal),
};

const forbidden = text(-32600, "Forbidden");
const notReady = text(-32603, "The guard of the MCP server has no keys yet");
const unreached = text(-32603, "The MCP server cannot be reached");
const brokeOff = text(-32603, "The MCP server broke off before it answered");
const notAllowed = text(-32600, "Method not allowed");
const internal = text(-32603, "Internal error");

function text(code: number, message: string): string {
  return JSON.stringify({ jsonrpc: "2.0", error: { code, message }, id: null });
}

function rpcError(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
}
