import { fieldsOf } from "../auth/header-fields.ts";
import type { Endpoint } from "../runtime/runtime.ts";
import type { Call } from "./exchange.ts";
import type { Forward, Forwarded } from "./forward.ts";
import type { Guards } from "./guards.ts";
import { setOwnHeaders } from "./headers.ts";
import { classify } from "./message.ts";
import type { Route } from "./route.ts";

export type AskReplica = (request: Request, endpoint: Endpoint, call: Call) => Promise<Forwarded>;

/**
 * One MCP request to one replica, in the caller's name, past its guard and over the proxy's own connections: for who has to
 * know how a server answers by itself. Whatever the request has of headers goes on; give it none of the caller's.
 */
export function askReplica({ forward, guards }: { forward: Forward; guards: Guards | undefined }): AskReplica {
  const send = guards ? guards.past(forward) : forward;
  return async (request, endpoint, call) => {
    const { method } = request;
    const text = method === "POST" ? await request.text() : null;
    const json: unknown = text === null ? null : JSON.parse(text);
    const headers = fieldsOf(request);
    const session = headers["mcp-session-id"];
    const route: Route =
      session === undefined ? { state: "placed", key: "" } : { state: "pinned", endpoint, session, sealed: "" };
    const message =
      method === "POST" ? classify(json, headers["mcp-protocol-version"] ?? null) : { method, era: "legacy" as const };
    setOwnHeaders(headers, { principal: call.principal, address: call.address, origin: new URL(request.url).origin });
    guards?.mark(headers, { call, message, json }, route);
    return send({ method, target: "/mcp", headers, body: text, client: request, seen: call.seen }, endpoint);
  };
}
