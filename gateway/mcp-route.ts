import type { Admission, FrontDoor } from "./auth/front-door.ts";
import { answers } from "./data-plane/answers.ts";
import type { Call } from "./data-plane/proxy.ts";
import type { Events } from "./observe/events.ts";

/** What stands before the proxy: the methods there are, the front door, and a request id on whatever is answered. */
export function mcpRoute({
  frontDoor,
  proxy,
  events,
  nextRequestId,
}: {
  frontDoor: FrontDoor;
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
    return response;
  };

  function answer(request: Request, adapter: string, address: string, requestId: string): Response | Promise<Response> {
    const { method } = request;
    if (method !== "POST" && method !== "GET" && method !== "DELETE") return answers.methodNotAllowed();
    const admission = frontDoor.admit(request);
    return admission instanceof Promise ? admission.then(pass) : pass(admission);

    function pass(admission: Admission): Response | Promise<Response> {
      if (admission.state === "known") {
        return proxy(request, { adapter, principal: admission.principal, requestId, address });
      }
      return refusal(admission);
    }
  }
}

function refusal({ status }: Extract<Admission, { state: "refused" }>): Response {
  switch (status) {
    case 401:
      return answers.unauthorized();
    case 403:
      return answers.forbidden();
    case 503:
      return answers.notReady(1);
  }
}
