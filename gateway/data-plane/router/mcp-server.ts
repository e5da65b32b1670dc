import { ProtocolError, ProtocolErrorCode, Server } from "@modelcontextprotocol/server";
import type { Caller } from "./caller.ts";
import type { ListedKind, Listing } from "./listing.ts";
import type { Offer } from "./offer.ts";
import { pageOf } from "./pages.ts";
import type { PromptsAndResources } from "./prompts-and-resources.ts";
import { exchangeOf } from "./routed-exchange.ts";
import type { ToolRouting } from "./tool-routing.ts";

/** How long a client may take a list for the present one (2026-07-28, caching); `subscriptions/listen` tells it sooner. */
const listTtlMs = 60_000;
const implementation = { name: "mcp-gateway", version: "0.1.0" };
const cacheHint = { ttlMs: listTtlMs, cacheScope: "private" } as const;

/** Adapters whose lists could not be read, in a list's `_meta`. */
const absentKey = "mcp-gateway/absent";

/**
 * An MCP server for one request of one caller. Its lists are the caller's own, so `cacheScope` is private; whatever the
 * caller may not list is unknown to it.
 */
export function mcpServer({
  offer,
  caller,
  tools,
  others,
}: {
  offer: Offer;
  caller: Caller;
  tools: ToolRouting;
  others: PromptsAndResources;
}): Server {
  // A legacy client without a session has no stream on which it could hear of changes.
  const listChanged = caller.era === "modern";
  const has = (kind: ListedKind) => offer.kinds.includes(kind);
  const server = new Server(implementation, {
    capabilities: {
      tools: { listChanged },
      ...(has("prompts") && { prompts: { listChanged } }),
      ...(has("resources") && { resources: { listChanged } }),
      ...((has("prompts") || has("resources")) && { completions: {} }),
      logging: {},
    },
    cacheHints: {
      "server/discover": cacheHint,
      "tools/list": cacheHint,
      "prompts/list": cacheHint,
      "resources/list": cacheHint,
      "resources/templates/list": cacheHint,
      "resources/read": { ttlMs: 0, cacheScope: "private" },
    },
  });

  const own = offer.own?.definitions;
  if (own) server.setRequestHandler("tools/list", async () => ({ tools: own }) as never);
  else listsIn("tools/list", "tools");
  server.setRequestHandler(
    "tools/call",
    ({ params }, context) => tools.call(offer, params, caller, exchangeOf(context)) as never,
  );
  if (has("prompts")) {
    listsIn("prompts/list", "prompts");
    server.setRequestHandler(
      "prompts/get",
      ({ params }, context) => others.getPrompt(offer, params, caller, exchangeOf(context)) as never,
    );
  }
  if (has("resources")) {
    listsIn("resources/list", "resources");
    listsIn("resources/templates/list", "resourceTemplates");
    server.setRequestHandler(
      "resources/read",
      ({ params }, context) => others.readResource(params, caller, exchangeOf(context)) as never,
    );
  }
  if (has("prompts") || has("resources")) {
    server.setRequestHandler(
      "completion/complete",
      ({ params }, context) => others.complete(offer, params, caller, exchangeOf(context)) as never,
    );
  }
  return server;

  function listsIn(
    method: "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list",
    kind: ListedKind,
  ) {
    server.setRequestHandler(
      method,
      async ({ params }) => listed(kind, await offer.list(kind, caller), params?.cursor) as never,
    );
  }

  function listed(kind: ListedKind, { entries, absent }: Listing, cursor: string | undefined) {
    const page = pageOf(entries, cursor, { sorted: offer.sorted });
    if (page.state === "unknown-cursor") {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown cursor: list again from the beginning");
    }
    return {
      [kind]: page.entries.map(({ definition }) => definition),
      ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }),
      ...(absent.length > 0 && { _meta: { [absentKey]: absent } }),
    };
  }
}
