import type { AllowedNames } from "./auth/allowed-names.ts";
import { addCors, preflight } from "./auth/cors.ts";
import type { Admission, FrontDoor, Refusal } from "./auth/front-door.ts";
import { answers } from "./data-plane/answers.ts";
import type { Call } from "./data-plane/exchange.ts";
import { pathOf, type Target } from "./data-plane/path.ts";
import type { RouterCall } from "./data-plane/router/endpoint.ts";
import type { Events } from "./observe/events.ts";

/** The value of WWW-Authenticate for a refused request; undefined where no token would help. */
export type Challenge = (refusal: Refusal, request: Request) => string | undefined;

const withSessions = ["POST", "GET", "DELETE"];
/** The router has no sessions, so there is no stream to open and nothing to end. */
const withoutSessions = ["POST"];

/** What stands before proxy and router: the methods there are, the front door, and a request id on whatever is answered. */
export function mcpRoute({
  frontDoor,
  names,
  challenge,
  proxy,
  router,
  events,
  nextRequestId,
}: {
  frontDoor: FrontDoor;
  names: AllowedNames;
  challenge: Challenge;
  proxy: (request: Request, call: Call) => Promise<Response>;
  router: (request: Request, call: RouterCall) => Promise<Response>;
  events: Events;
  nextRequestId: () => string;
}): (request: Request, target: Target, address: string) => Promise<Response> {
  return async (request, target, address) => {
    const requestId = nextRequestId();
    let response: Response;
    try {
      response = await answer(request, target, address, requestId);
    } catch (error) {
      if (request.signal.aborted) return answers.abandoned();
      events.requestFailed({ requestId, method: request.method, path: pathOf(target) }, error);
      response = answers.internal();
    }
    response.headers.set("x-request-id", requestId);
    addCors(response.headers, request.headers.get("origin"), names);
    return response;
  };

  function answer(request: Request, target: Target, address: string, requestId: string): Response | Promise<Response> {
    const { method } = request;
    const allowed = target.kind === "adapter" ? withSessions : withoutSessions;
    if (method === "OPTIONS") return preflight(request.headers, names) ?? answers.methodNotAllowed(allowed);
    if (!allowed.includes(method)) return answers.methodNotAllowed(allowed);
    const admission = frontDoor.admit(request);
    return admission instanceof Promise ? admission.then(pass) : pass(admission);

    function pass(admission: Admission): Response | Promise<Response> {
      if (admission.state === "refused") return refuse(admission);
      const { principal, expiresAtMs } = admission;
      const call = { principal, expiresAtMs, requestId, address };
      return target.kind === "adapter"
        ? proxy(request, { ...call, adapter: target.name })
        : router(request, { ...call, target });
    }

    function refuse(refusal: Refusal): Response {
      events.requestRefused({ requestId, status: refusal.status, reason: refusal.reason });
      return answers.stranger(refusal.status, challenge(refusal, request));
    }
  }
}
