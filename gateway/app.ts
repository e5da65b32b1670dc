import type { FrontDoor } from "./auth/front-door.ts";
import { contract } from "../openapi/document.ts";
import { mountAdapters } from "./control-plane/adapter-routes.ts";
import type { AdapterVerbs } from "./control-plane/adapters.ts";
import { answers } from "./data-plane/answers.ts";
import type { Call } from "./data-plane/proxy.ts";
import { mountDocs } from "./docs.ts";
import { type Health, mountHealth } from "./health-routes.ts";
import type { Events } from "./observe/events.ts";
import { problem } from "./problem.ts";
import { guarded, type RestApp, restApp } from "./rest.ts";

export type AppParts = {
  readonly frontDoor: FrontDoor;
  readonly adapters: AdapterVerbs;
  readonly proxy: (request: Request, call: Call) => Promise<Response>;
  readonly health: () => Health;
  readonly events: Events;
  readonly nextRequestId: () => string;
  readonly maxBodyBytes: number;
};

export type Server = { requestIP(request: Request): { address: string } | null };
export type App = RestApp;

/** Parts to one fetch handler: the front door, then both planes. */
export function createApp(parts: AppParts): App {
  const { frontDoor, events, nextRequestId, health, maxBodyBytes } = parts;
  const app = restApp({ events, nextRequestId });

  // The data plane runs no middleware: one route, one handler, nothing to unwind on the way back.
  app.all("/adapters/:name/mcp", (c) => mcp(c.req.raw, c.req.param("name"), c.env as unknown as Server));

  const restPaths = contract.filter((route) => !("security" in route) && !route.path.endsWith("/mcp"));
  for (const path of new Set(restPaths.map((route) => route.getRoutingPath()))) {
    app.use(path, ...guarded({ frontDoor, nextRequestId, maxBodyBytes }));
  }
  mountAdapters(app, parts.adapters);
  mountHealth(app, health);
  mountDocs(app);
  app.notFound((c) => {
    const allow = methodsAt(c.req.path);
    if (allow.length === 0) return problem(404, "There is nothing at this path.", nextRequestId());
    const detail = `${c.req.method} is not possible here. Allowed: ${allow.join(", ")}.`;
    return problem(405, detail, nextRequestId(), { headers: { allow: allow.join(", ") } });
  });
  return app;

  async function mcp(request: Request, adapter: string, server: Server): Promise<Response> {
    const requestId = nextRequestId();
    const response = await answer(request, adapter, server, requestId);
    response.headers.set("x-request-id", requestId);
    return response;
  }

  async function answer(request: Request, adapter: string, server: Server, requestId: string): Promise<Response> {
    const { method } = request;
    if (method !== "POST" && method !== "GET" && method !== "DELETE") return answers.methodNotAllowed();
    const admission = frontDoor.admit(request);
    if (admission.state === "refused") return admission.status === 401 ? answers.unauthorized() : answers.forbidden();
    const address = server.requestIP(request)?.address ?? "unknown";
    try {
      return await parts.proxy(request, { adapter, principal: admission.principal, requestId, address });
    } catch (error) {
      if (request.signal.aborted) return answers.abandoned();
      events.requestFailed({ requestId, method, path: `/adapters/${adapter}/mcp` }, error);
      return answers.internal();
    }
  }
}

/** The methods that the contract has at a path; none when the path is not in it. */
function methodsAt(path: string): string[] {
  return contract
    .filter((route) => new RegExp(`^${route.path.replace(/\{[^}]+\}/g, "[^/]+")}$`).test(path))
    .map((route) => route.method.toUpperCase());
}
