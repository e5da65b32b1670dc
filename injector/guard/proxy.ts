import { assertionHeader, callHeader } from "../../gateway/assertion/assertion.ts";
import { exchange } from "../../gateway/data-plane/upstream/exchange.ts";
import type { Pool } from "../../gateway/data-plane/upstream/pool.ts";
import { isStreamed, type RequestBody } from "../../gateway/data-plane/upstream/request-head.ts";
import type { Silence } from "../../gateway/data-plane/upstream/silence.ts";
import { answers } from "./answers.ts";
import { callIn } from "./call.ts";
import type { GuardEvents } from "./events.ts";
import type { Caller, Gate } from "./gate.ts";
import { isGuards, upstreamHeaders } from "./headers.ts";
import type { Keys } from "./keys.ts";
import { Observation, type Observing } from "./observation.ts";
import { type RefusalReason, type Refused, refused } from "./refusal.ts";
import { bodyOf } from "./request-body.ts";

/** What Bun knows of the other end of a request, and can be told of it. */
export type Connections = {
  requestIP(request: Request): { address: string } | null;
  silenceOf(request: Request): Silence;
};

/**
 * One request to the server at `upstream` (scheme and authority), if the gateway vouches for it: as it is but for the headers, its
 * answer streaming back. Nothing is retried, no redirect is followed, nothing is cut for being silent.
 */
export function proxy({
  gate,
  keys,
  upstream,
  pool,
  events,
  observing,
}: {
  gate: Gate;
  keys: Pick<Keys, "size">;
  upstream: string;
  pool: Pool;
  events: Pick<GuardEvents, "requestRefused">;
  observing: Observing;
}): (request: Request, connections: Connections) => Promise<Response> {
  return async (request, connections) => {
    const { headers, method } = request;
    const session = headers.get("mcp-session-id") ?? undefined;
    const admitted = admission(headers.get(assertionHeader), session);
    const caller = admitted instanceof Promise ? await admitted : admitted;
    if (caller.state === "refused") return refuse(caller.reason, connections.requestIP(request)?.address);
    if (!passable.test(method)) return answers.noMethod();
    const observation = new Observation(request, callIn(headers.get(callHeader), method), session, observing);
    const body = await bodyOf(request).catch(() => "gone" as const);
    if (body !== "gone") return pass(request, body, caller, observation, connections.silenceOf(request));
    observation.ended({ state: "abandoned" });
    return answers.abandoned();
  };

  /** Without waiting where the assertion is known, as most are. */
  function admission(token: string | null, session: string | undefined): Caller | Refused | Promise<Caller | Refused> {
    if (token === null) return refused("missing");
    const known = gate.known(token);
    return known ? inSession(known, session) : gate.verify(token).then((found) => inSession(found, session));
  }

  function refuse(reason: RefusalReason, from: string | undefined): Response {
    const hasKeys = keys.size > 0;
    events.requestRefused(hasKeys ? reason : "no-keys", from);
    return hasKeys ? answers.stranger() : answers.noKeys();
  }

  async function pass(
    request: Request,
    body: RequestBody,
    caller: Caller,
    observation: Observation,
    silence: Silence,
  ): Promise<Response> {
    // Where it streams through, Bun knows when it is whole.
    if (!isStreamed(body)) silence.whole();
    const { method, url } = request;
    const headers = upstreamHeaders(request.headers, caller);
    observation.propagate(headers);
    if (body instanceof Uint8Array) observation.sent(body);
    const target = url.slice(url.indexOf("/", "http://".length));
    const exchanged = await exchange(
      { method, target, headers, body, client: request, silence, drops: isGuards },
      upstream,
      pool,
      observation,
    );
    silence.answered();
    switch (exchanged.state) {
      case "answered":
        return exchanged.response;
      case "refused":
      case "broken":
        return answers.failed(exchanged.state);
      case "abandoned":
        return answers.abandoned();
    }
  }
}

/** A method that a server behind a proxy may be asked; CONNECT asks the proxy itself. */
const passable = /^(?!CONNECT$)[A-Z]+$/;

function inSession(caller: Caller | Refused, session: string | undefined): Caller | Refused {
  return caller.state === "refused" || caller.session === session ? caller : refused("session");
}
