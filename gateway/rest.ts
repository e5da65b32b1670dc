import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import type { AllowedNames } from "./auth/allowed-names.ts";
import { crossOrigin } from "./auth/cors.ts";
import type { FrontDoor } from "./auth/front-door.ts";
import type { Principal } from "./auth/principal.ts";
import { countedAnswers } from "./counted-answers.ts";
import type { Challenge } from "./mcp-route.ts";
import type { Events } from "./observe/events.ts";
import { type ProblemStatus, problem } from "./problem.ts";
import { StoreUnavailable } from "./store/store.ts";

export type RestEnv = { Variables: { principal: Principal; requestId: string } };
export type RestApp = OpenAPIHono<RestEnv>;

/** Not whether it was done: an answer that is lost on its way from the database may have been a yes. */
const storeUnavailable =
  "The gateway's database does not answer now. Try again in a few seconds; before you repeat a change, see whether it was made.";

/** An empty REST application: whatever its routes refuse, throw or do not know becomes a problem with a request id. */
export function restApp({ events, nextRequestId }: { events: Events; nextRequestId: () => string }): RestApp {
  const app: RestApp = new OpenAPIHono<RestEnv>({
    defaultHook: (result, c) => {
      if (result.success) return;
      const errors = result.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message }));
      const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join(" ");
      return problem(400, detail, requestId(c), { errors });
    },
  });
  app.use(countedAnswers(events));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return problem(error.status as ProblemStatus, error.message, requestId(c));
    events.requestFailed({ requestId: requestId(c), method: c.req.method, path: c.req.path }, error);
    if (error instanceof StoreUnavailable) return problem(503, storeUnavailable, requestId(c));
    return problem(500, "Something went wrong here. The gateway's log has it under this request id.", requestId(c));
  });
  return app;

  function requestId(c: Context<RestEnv>): string {
    return c.get("requestId") ?? nextRequestId();
  }
}

/** Who calls, under which request id, and no more body than is allowed. */
export function guarded({
  frontDoor,
  names,
  challenge,
  events,
  nextRequestId,
  maxBodyBytes,
}: {
  frontDoor: FrontDoor;
  names: AllowedNames;
  challenge: Challenge;
  events: Events;
  nextRequestId: () => string;
  maxBodyBytes: number;
}): MiddlewareHandler<RestEnv>[] {
  return [
    crossOrigin(names),
    async (c, next) => {
      const requestId = nextRequestId();
      c.set("requestId", requestId);
      const admission = await frontDoor.admit(c.req.raw);
      if (admission.state === "refused") {
        const { status, detail, reason } = admission;
        events.requestRefused({ requestId, status, reason });
        return problem(status, detail, requestId, { challenge: challenge(admission, c.req.raw) });
      }
      events.requestAdmitted();
      c.set("principal", admission.principal);
      await next();
      c.header("x-request-id", requestId);
      const { method, path } = c.req;
      events.restRequestOver({ requestId, principal: admission.principal.id, method, path, status: c.res.status });
      return undefined;
    },
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (c) => problem(413, `The body is larger than ${maxBodyBytes} bytes.`, c.get("requestId")),
    }),
  ];
}
