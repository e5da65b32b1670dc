import { createMcpHandler, type McpServerFactory } from "@modelcontextprotocol/server";
import type { Access } from "../../auth/access.ts";
import type { HeaderFields } from "../../auth/header-fields.ts";
import type { Principal } from "../../auth/principal.ts";
import type { Events } from "../../observe/events.ts";
import type { View } from "../../store/view.ts";
import { answers } from "../answers.ts";
import { readBody } from "../body.ts";
import type { Call } from "../exchange.ts";
import type { CallLimits } from "../limits/call-limits.ts";
import { limitedAnswer } from "../limits/limited.ts";
import type { Target } from "../path.ts";
import type { Seen } from "../seen.ts";
import { streamSignal } from "../stream-signal.ts";
import { toolIn } from "../tool-name.ts";
import type { Caller } from "./caller.ts";
import { followed } from "./followed.ts";
import type { ListChanges } from "./list-changes.ts";
import { mcpServer } from "./mcp-server.ts";
import type { Offer } from "./offer.ts";
import type { Offers } from "./offers.ts";
import type { PromptsAndResources } from "./prompts-and-resources.ts";
import type { ToolRouting } from "./tool-routing.ts";
import { isObject } from "../message.ts";

/** Who calls which endpoint of the router, as the front door found out. */
export type RouterCall = {
  readonly target: Exclude<Target, { kind: "adapter" }>;
  readonly principal: Principal;
  readonly expiresAtMs: number | undefined;
  readonly requestId: string;
  /** The client's IP address. */
  readonly address: string;
  readonly seen: Seen;
  /** What the request's headers say. */
  readonly headers: HeaderFields;
  readonly silence?: Call["silence"];
};

/**
 * The tool router at /mcp, and the virtual servers at /servers/{name}/mcp: an MCP server per request, closed over the
 * principal, for every revision from 2025-03-26 to 2026-07-28. It has no sessions, so that any gateway answers any request.
 */
export function routerEndpoint({
  access,
  view,
  offers,
  tools,
  others,
  changes,
  callLimits,
  events,
  maxBodyBytes,
  closing,
  now,
}: {
  access: Pick<Access, "may">;
  view: Pick<View, "get">;
  offers: Offers;
  tools: ToolRouting;
  others: PromptsAndResources;
  changes: ListChanges;
  callLimits: CallLimits;
  events: Pick<Events, "callLimited" | "routerFailed">;
  maxBodyBytes: number;
  closing: AbortSignal;
  now: () => number;
}): (request: Request, call: RouterCall) => Promise<Response> {
  return async (request, call) => {
    const offer = offerAt(call);
    if (offer instanceof Response) return offer;
    const { seen } = call;
    const place = call.target.kind === "router" ? "/mcp" : `/servers/${call.target.name}`;
    seen.reached(place);
    const { headers } = call;
    const body = await readBody(request, headers, maxBodyBytes, seen);
    if (body.state === "too-large") return answers.tooLarge(maxBodyBytes);
    if (body.state === "malformed") return answers.malformed();

    const { text, json, message } = body;
    const { method } = message;
    seen.read({ method, tool: toolIn(method, json), text, json, headers });
    const admission = callLimits.admit({
      principalKey: call.principal.key,
      adapter: place,
      httpMethod: "POST",
      method,
      session: undefined,
      cost: Array.isArray(json) ? json.length : 1,
    });
    if (admission.state === "limited") {
      events.callLimited({ requestId: call.requestId, adapter: place, what: admission.what });
      return limitedAnswer(
        admission,
        call.target.kind === "router" ? "the tool router" : `server "${call.target.name}"`,
      );
    }
    using admitted = admission;
    const isListen = method === "subscriptions/listen" && message.era === "modern";
    const signal = isListen ? streamSignal(request.signal, closing, call.expiresAtMs, now()) : request.signal;
    const caller = callerOf(request, call, json, message.era, signal);
    const response = await serve(request, json, offer, caller, isListen);
    return admitted.answered(await followed(response, seen, call.silence));
  };

  function offerAt({ target, principal }: RouterCall): Offer | Response {
    if (target.kind === "router") return offers.all;
    const server = view.get("server", target.name);
    if (!server || server.deleting) return answers.noServer();
    return access.may(principal, "read", server.body) ? offers.of(server) : answers.forbidden();
  }

  function serve(request: Request, json: unknown, offer: Offer, caller: Caller, isListen: boolean): Promise<Response> {
    const factory: McpServerFactory = () => mcpServer({ offer, caller, tools, others });
    const onerror = (error: Error) => events.routerFailed({ requestId: caller.requestId, reason: error.message });
    if (!isListen) return createMcpHandler(factory, { onerror, keepAliveMs }).fetch(request, { parsedBody: json });
    keepListed(offer, caller);
    const { url, method, headers } = request;
    const untilOver = new Request(url, { method, headers, signal: caller.signal });
    return createMcpHandler(factory, { onerror, keepAliveMs, bus: changes.busFor(caller) }).fetch(untilOver, {
      parsedBody: json,
    });
  }
}

/** Often enough that the servers' connections do not go idle, by which they tell of changes. */
const relistMs = 120_000;

/** Whoever listens for changes wants the servers watched, and they are as long as their lists are read. */
function keepListed(offer: Offer, caller: Caller): void {
  const list = () => {
    for (const kind of offer.kinds) void offer.list(kind, caller).catch(() => {});
  };
  list();
  const timer = setInterval(list, relistMs);
  timer.unref();
  caller.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Proxies on the way take a silent stream for a dead one. */
const keepAliveMs = 15_000;

/** A legacy client hears what a server sees fit until it sets a level, which a router without sessions cannot remember. */
const legacyLogLevel = "info";

const claim = (name: string) => `io.modelcontextprotocol/${name}`;

function callerOf(
  request: Request,
  { principal, expiresAtMs, address, requestId, seen, headers }: RouterCall,
  json: unknown,
  era: Caller["era"],
  signal: AbortSignal,
): Caller {
  const claims = era === "modern" ? metaOf(json) : {};
  const capabilities = claims[claim("clientCapabilities")];
  const logLevel = claims[claim("logLevel")];
  const { traceparent, tracestate } = headers;
  return {
    principal,
    expiresAtMs,
    address,
    requestId,
    origin: request.url.slice(0, request.url.indexOf("/", "https://".length)),
    era,
    trace: { ...(traceparent !== undefined && { traceparent }), ...(tracestate !== undefined && { tracestate }) },
    capabilities: isObject(capabilities) ? capabilities : {},
    logLevel: era === "legacy" ? legacyLogLevel : typeof logLevel === "string" ? logLevel : undefined,
    signal,
    seen,
  };
}

function metaOf(json: unknown): Record<string, unknown> {
  const params = isObject(json) ? json.params : undefined;
  const meta = isObject(params) ? params._meta : undefined;
  return isObject(meta) ? meta : {};
}
