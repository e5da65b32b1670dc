import { contract } from "../openapi/document.ts";
import type { AllowedNames } from "./auth/allowed-names.ts";
import type { FrontDoor } from "./auth/front-door.ts";
import { mountMetadata, type ProtectedResource } from "./auth/metadata.ts";
import { mountAdapters } from "./control-plane/adapter-routes.ts";
import type { AdapterVerbs } from "./control-plane/adapters.ts";
import { mountAudit } from "./control-plane/audit-routes.ts";
import type { AuditVerbs } from "./control-plane/audit-verbs.ts";
import { mountServers } from "./control-plane/server-routes.ts";
import type { ServerVerbs } from "./control-plane/servers.ts";
import { mountTools } from "./control-plane/tool-routes.ts";
import type { ToolVerbs } from "./control-plane/tools.ts";
import type { Call } from "./data-plane/exchange.ts";
import { mcpTargetIn } from "./data-plane/path.ts";
import type { RouterCall } from "./data-plane/router/endpoint.ts";
import type { Silence } from "./data-plane/upstream/silence.ts";
import { mountDocs } from "./docs.ts";
import type { Doctor } from "./doctor/patient.ts";
import { mountDoctor } from "./doctor/routes.ts";
import { type Health, mountHealth } from "./health-routes.ts";
import { type Challenge, mcpRoute, type Observe } from "./mcp-route.ts";
import { type Metrics, mountMetrics } from "./metrics-routes.ts";
import type { Events } from "./observe/events.ts";
import { problem } from "./problem.ts";
import { guarded, type RestApp, restApp } from "./rest.ts";

export type AppParts = {
  readonly frontDoor: FrontDoor;
  readonly names: AllowedNames;
  readonly challenge: Challenge;
  /** Undefined with development identity, which needs no token. */
  readonly resource: ProtectedResource | undefined;
  readonly adapters: AdapterVerbs;
  readonly tools: ToolVerbs;
  readonly servers: ServerVerbs;
  readonly audit: AuditVerbs;
  readonly doctor: Doctor;
  readonly proxy: (request: Request, call: Call) => Promise<Response>;
  readonly router: (request: Request, call: RouterCall) => Promise<Response>;
  readonly health: () => Health;
  /** Undefined: not shown at this port. */
  readonly metrics: Metrics | undefined;
  readonly events: Events;
  readonly observe: Observe;
  readonly nextRequestId: () => string;
  readonly maxBodyBytes: number;
  /** Ends streams that would go on for ever. */
  readonly closing: AbortSignal;
  /** The origin by which the caller knows this gateway. */
  readonly originOf: (request: Request) => string;
  /** Where a request comes from: the IP address of its connection. */
  readonly addressOf: (request: Request, server: Server) => string;
};

export type Server = {
  requestIP(request: Request): { address: string } | null;
  /** Of the request's connection, where there is one. */
  silenceOf?(request: Request): Silence;
};

/**
 * Parts to one fetch handler. MCP requests go from Bun's parser to proxy and router; everything else is REST, and Hono's.
 */
export function createApp(parts: AppParts): (request: Request, server: Server) => Response | Promise<Response> {
  const mcp = mcpRoute(parts);
  const rest = createRest(parts);
  return (request, server) => {
    const target = mcpTargetIn(request.url);
    const silence = server.silenceOf?.(request);
    return target === undefined
      ? restAnswer(rest, request, silence)
      : mcp(request, target, parts.addressOf(request, server), silence);
  };
}

async function restAnswer(rest: RestApp, request: Request, silence: Silence | undefined): Promise<Response> {
  if (bodiless.has(request.method)) silence?.whole();
  const response = await rest.fetch(request);
  // A log that is followed is silent for as long as its replica; its connection ends with it.
  if (response.headers.get("connection") === "close") silence?.goesOn();
  silence?.answered();
  return response;
}

/** Of all others Bun knows when they are whole. */
const bodiless = new Set(["GET", "HEAD", "DELETE"]);

export function createRest(parts: AppParts): RestApp {
  const { adapters, tools, servers, health, events, nextRequestId, originOf, closing, resource } = parts;
  const app = restApp({ events, nextRequestId });
  for (const path of new Set(contract.filter(isGuarded).map((route) => route.getRoutingPath()))) {
    app.use(path, ...guarded(parts));
  }
  mountAdapters(app, adapters, { originOf, closing });
  mountTools(app, tools, { originOf, closing });
  mountServers(app, servers, originOf);
  mountAudit(app, parts.audit);
  mountDoctor(app, parts.doctor);
  mountMetadata(app, { resource, originOf }, nextRequestId);
  mountHealth(app, health);
  mountMetrics(app, parts.metrics, nextRequestId);
  mountDocs(app);
  app.notFound((c) => {
    const allow = methodsAt(c.req.path).join(", ");
    if (!allow) return problem(404, "There is nothing at this path.", nextRequestId());
    return problem(405, `${c.req.method} is not possible here. Allowed: ${allow}.`, nextRequestId(), { allow });
  });
  return app;
}

type Route = (typeof contract)[number];

function isGuarded(route: Route): boolean {
  return !("security" in route);
}

/** The methods that the contract has at a path; none when the path is not in it. */
function methodsAt(path: string): string[] {
  return contract
    .filter((route) => new RegExp(`^${route.path.replace(/\{[^}]+\}/g, "[^/]+")}$`).test(path))
    .map((route) => route.method.toUpperCase());
}
