import type { AllowedNames } from "./auth/allowed-names.ts";
import { addCors, preflight } from "./auth/cors.ts";
import type { Admission, FrontDoor, Refusal } from "./auth/front-door.ts";
import { answers } from "./data-plane/answers.ts";
import type { Call } from "./data-plane/exchange.ts";
import type { Events } from "./observe/events.ts";

/** The value of WWW-Authenticate for a refused request; undefined where no token would help. */
export type Challenge = (refusal: Refusal, request: Request) => string | undefined;

/** What stands before the proxy: the methods there are, the front door, and a request id on whatever is answered. */
export function mcpRoute({
  frontDoor,
  names,
  challenge,
  proxy,
  events,
  nextRequestId,
}: {
  frontDoor: FrontDoor;
  names: AllowedNames;
  challenge: Challenge;
  proxy: (request: Request, call: Call) => Promise<Response>;
  events: Events;
  nextRequestId: () => string;
}): (request: Request, adapter: string, address: string) => Promise<Response> {
  return async (request, adapter, address) => {
    const requestId = nextRequestId();
    let response: Response;
    try {
      response = await answer(request, adapter, address, requestId);
    } catch (error) {
      if (request.signal.aborted) return answers.abandoned();
      events.requestFailed({ requestId, method: request.method, path: `/adapters/${adapter}/mcp` }, error);
      response = answers.internal();
    }
    response.headers.set("x-request-id", requestId);
    addCors(response.headers, request.headers.get("origin"), names);
    return response;
  };

  function answer(request: Request, adapter: string, address: string, requestId: string): Response | Promise<Response> {
    const { method } = request;
    if (method === "OPTIONS") return preflight(request.headers, names) ?? answers.methodNotAllowed();
    if (method !== "POST" && method !== "GET" && method !== "DELETE") return answers.methodNotAllowed();
    const admission = frontDoor.admit(request);
    return admission instanceof Promise ? admission.then(pass) : pass(admission);

    function pass(admission: Admission): Response | Promise<Response> {
      if (admission.state === "refused") return refuse(admission);
      const { principal, expiresAtMs } = admission;
      return proxy(request, { adapter, principal, expiresAtMs, requestId, address });
    }

    function refuse(refusal: Refusal): Response {
      events.requestRefused({ requestId, status: refusal.status, reason: refusal.reason });
      return answers.stranger(refusal.status, challenge(refusal, request));
    }
  }
}
