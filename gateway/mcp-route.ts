import type { AllowedNames } from "./auth/allowed-names.ts";
import { addCors, preflight } from "./auth/cors.ts";
import type { Admission, FrontDoor, Refusal } from "./auth/front-door.ts";
import { fieldsOf } from "./auth/header-fields.ts";
import { answers } from "./data-plane/answers.ts";
import type { Call } from "./data-plane/exchange.ts";
import { pathOf, type Target } from "./data-plane/path.ts";
import type { RouterCall } from "./data-plane/router/endpoint.ts";
import type { Seen } from "./data-plane/seen.ts";
import type { Silence } from "./data-plane/upstream/silence.ts";
import type { Events } from "./observe/events.ts";

type About = Pick<RouterCall, "requestId" | "address" | "seen" | "headers" | "silence">;

/** Begins to note what becomes of a request. */
export type Observe = (requestId: string, request: Request, target: Target) => Seen;

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
  observe,
  nextRequestId,
}: {
  frontDoor: FrontDoor;
  names: AllowedNames;
  challenge: Challenge;
  proxy: (request: Request, call: Call) => Promise<Response>;
  router: (request: Request, call: RouterCall) => Promise<Response>;
  events: Pick<Events, "requestAdmitted" | "requestRefused" | "requestFailed">;
  observe: Observe;
  nextRequestId: () => string;
}): (request: Request, target: Target, address: string, silence: Silence | undefined) => Promise<Response> {
  return async (request, target, address, silence) => {
    const requestId = nextRequestId();
    const seen = observe(requestId, request, target);
    const headers = fieldsOf(request);
    let response: Response;
    try {
      response = await answer(request, target, { requestId, address, seen, headers, silence });
    } catch (error) {
      const isLeft = request.signal.aborted;
      if (!isLeft) events.requestFailed({ requestId, method: request.method, path: pathOf(target) }, error);
      response = isLeft ? answers.abandoned() : answers.internal();
    }
    seen.answered(response);
    response.headers.set("x-request-id", requestId);
    addCors(response.headers, headers["origin"], names);
    silence?.answered();
    return response;
  };

  function answer(request: Request, target: Target, about: About): Response | Promise<Response> {
    const { method } = request;
    const allowed = target.kind === "adapter" ? withSessions : withoutSessions;
    if (method === "OPTIONS") return preflight(request.headers, names) ?? answers.methodNotAllowed(allowed);
    if (!allowed.includes(method)) return answers.methodNotAllowed(allowed);
    const admission = frontDoor.admit(request, about.headers);
    return admission instanceof Promise
      ? passLater(request, target, admission, about)
      : pass(request, target, admission, about);
  }

  async function passLater(request: Request, target: Target, admission: Promise<Admission>, about: About) {
    return pass(request, target, await admission, about);
  }

  function pass(
    request: Request,
    target: Target,
    admission: Admission,
    { requestId, address, seen, headers, silence }: About,
  ): Response | Promise<Response> {
    if (admission.state === "refused") {
      events.requestRefused({ requestId, status: admission.status, reason: admission.reason });
      return answers.stranger(admission.status, challenge(admission, request));
    }
    const { principal, expiresAtMs } = admission;
    events.requestAdmitted();
    seen.admitted(principal);
    return target.kind === "adapter"
      ? proxy(request, { adapter: target.name, principal, expiresAtMs, requestId, address, seen, headers, silence })
      : router(request, { target, principal, expiresAtMs, requestId, address, seen, headers, silence });
  }
}
