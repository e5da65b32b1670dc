import type { Exposure } from "../../../openapi/adapters.ts";
import type { ServerStatus } from "../../../openapi/servers.ts";
import type { Access } from "../../auth/access.ts";
import type { Principal } from "../../auth/principal.ts";
import type { Events } from "../../observe/events.ts";
import type { Resource } from "../../store/store.ts";
import type { View } from "../../store/view.ts";
import type { DeliveryLimits } from "../delivery.ts";
import type { Call } from "../exchange.ts";
import type { Forward } from "../forward.ts";
import type { CallLimits } from "../limits/call-limits.ts";
import type { Replicas } from "../replicas.ts";
import { unseen } from "../seen.ts";
import type { Caller } from "./caller.ts";
import { catalogue } from "./lists/catalogue.ts";
import { routerEndpoint, type RouterCall } from "./endpoint.ts";
import { listChanges } from "./list-changes.ts";
import { offers } from "./offers.ts";
import { peers } from "./peers/peers.ts";
import { promptsAndResources } from "./prompts-and-resources.ts";
import { selection } from "./lists/selection.ts";
import type { Schemas } from "./tools/answer.ts";
import { toolCalls, usualToolLimits } from "./tools/call.ts";
import { toolRouting } from "./tool-routing.ts";

export type Router = AsyncDisposable & {
  /** Answers a request to /mcp or /servers/{name}/mcp. */
  handle(request: Request, call: RouterCall): Promise<Response>;
  /** How an adapter was last seen here; null where it is not exposed. */
  exposureOf(adapter: Resource<"adapter">): Exposure | null;
  /** What a virtual server shows to this principal. */
  serverStatus(principal: Principal, server: Resource<"server">): Promise<ServerStatus>;
};

/** The tool router and the virtual servers. `proxy` is the way to adapters: the data plane's own. */
export function openRouter({
  access,
  view,
  proxy,
  replicas,
  forward,
  schemas,
  callLimits,
  events,
  limits,
  closing,
  now,
  nonce,
}: {
  access: Pick<Access, "may">;
  view: Pick<View, "get" | "list" | "subscribe">;
  proxy: (request: Request, call: Call) => Promise<Response>;
  replicas: Replicas;
  forward: Forward;
  schemas: Schemas;
  callLimits: CallLimits;
  events: Events;
  limits: DeliveryLimits & { readonly maxBodyBytes: number; readonly toolTimeoutMs: number };
  closing: AbortSignal;
  now: () => number;
  nonce: () => string;
}): Router {
  const opened = new AsyncDisposableStack();
  const servers = opened.use(peers({ proxy: noted(proxy), now, events }));
  const shown = opened.use(catalogue({ access, view, peers: servers, now }));
  const selected = selection({ catalogue: shown });
  const callTool = toolCalls({ forward, replicas, schemas, events, limits: { ...usualToolLimits, ...limits }, nonce });
  return {
    handle: routerEndpoint({
      access,
      view,
      offers: offers({ catalogue: shown, selection: selected }),
      tools: toolRouting({ callTool, peers: servers, events, now }),
      others: promptsAndResources({ access, view, peers: servers }),
      changes: opened.use(listChanges({ view, peers: servers })),
      callLimits,
      events,
      maxBodyBytes: limits.maxBodyBytes,
      closing,
      now,
    }),
    exposureOf: shown.exposureOf,
    serverStatus: (principal, server) => selected.statusOf(server, onlooker(principal)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** What the router asks of an adapter is a request of its own, within the one that it serves. */
function noted(proxy: (request: Request, call: Call) => Promise<Response>): typeof proxy {
  return async (request, call) => {
    const seen = call.seen.within(`/adapters/${call.adapter}/mcp`, request.method);
    const response = await proxy(request, { ...call, seen });
    seen.answered(response);
    return response;
  };
}

/** Who asks for a status asks over REST, and has no MCP request of their own. */
function onlooker(principal: Principal): Caller {
  return {
    principal,
    expiresAtMs: undefined,
    address: "127.0.0.1",
    requestId: "status",
    origin: "http://localhost",
    era: "modern",
    trace: {},
    capabilities: {},
    logLevel: undefined,
    signal: new AbortController().signal,
    seen: unseen,
  };
}
