import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "hono";
import * as contract from "../../openapi/metadata.ts";
import { problem } from "../problem.ts";
import { everyone, preflight, publicCors } from "./cors.ts";

/** What this gateway is to an OAuth client: a protected resource (RFC 9728). */
export type ProtectedResource = {
  /**
   * `exact`: each MCP URL is a resource of its own, as RFC 9728 §3.3 wants it. `origin`: the gateway's origin is the one
   * resource. Entra refuses a `resource` that is not an App ID URI of the app whose scopes are asked for
   * (AADSTS9010010), and an origin can be registered as one where a URL per adapter cannot.
   */
  readonly mode: "exact" | "origin";
  /** Issuers whose tokens are taken, exactly as their own metadata spells them; at least one. */
  readonly issuers: readonly string[];
  /** What every token must hold, as clients have to ask for it. */
  readonly requiredScopes: readonly string[];
  /** What clients may ask for; never `offline_access`, which is the issuer's business. */
  readonly scopesSupported: readonly string[];
};

/** The path of an MCP endpoint: `/mcp`, `/adapters/{name}/mcp` or `/servers/{name}/mcp`. Whether the name is one is not asked. */
export function isMcpPath(path: string): boolean {
  return /^(?:\/(?:adapters|servers)\/[^/]+)?\/mcp$/.test(path);
}

/**
 * The metadata of what is at `path`: an MCP path, or "" for the gateway as a whole. Undefined: there is none. The origin
 * has no trailing slash, since clients compare `resource` as text.
 */
export function resourceMetadata(
  path: string,
  origin: string,
  resource: ProtectedResource,
): contract.ProtectedResourceMetadata | undefined {
  if (path !== "" && (resource.mode === "origin" || !isMcpPath(path))) return undefined;
  return {
    resource: `${origin}${path}`,
    authorization_servers: [...resource.issuers],
    bearer_methods_supported: ["header"],
    // RFC 9728 §3.2: what has no values is left out.
    ...(resource.scopesSupported.length > 0 && { scopes_supported: [...resource.scopesSupported] }),
    resource_name: "MCP Gateway",
  };
}

/**
 * What a token may be for (RFC 8707) where it is used at `path`: this gateway as a whole, with the slash that many
 * clients write after an origin too, or exactly this MCP URL. A token for one adapter is none for another.
 *
 * `publicOrigin` is a setting, never what a request says: whoever got a token for a server of their own could use it
 * here under that server's name.
 */
export function audiencesAt(path: string, publicOrigin: string, mode: ProtectedResource["mode"]): readonly string[] {
  const whole = [publicOrigin, `${publicOrigin}/`];
  return mode === "exact" && isMcpPath(path) ? [...whole, `${publicOrigin}${path}`] : whole;
}

/**
 * The well-known documents. Whoever asks may read them, from any web page too; the answer for an adapter that does not
 * exist is that of one that does. Without a `resource` (development identity) there are none.
 */
export function mountMetadata<E extends Env>(
  app: OpenAPIHono<E>,
  { resource, originOf }: { resource: ProtectedResource | undefined; originOf: (request: Request) => string },
  nextRequestId: () => string,
): void {
  const { readMetadata, readRouterMetadata, readAdapterMetadata, readServerMetadata } = contract;
  for (const route of [readMetadata, readRouterMetadata, readAdapterMetadata, readServerMetadata]) {
    app.use(route.getRoutingPath(), async (c, next) => {
      if (c.req.method === "OPTIONS") return preflight(c.req.raw.headers, everyone) ?? c.body(null, 204, publicCors);
      await next();
      for (const [name, value] of Object.entries(publicCors)) c.header(name, value);
      return undefined;
    });
    app.openapi(route, (c) => {
      // Not c.req.path, which is decoded: clients compare what they asked for.
      const path = URL.parse(c.req.url)?.pathname.slice(contract.wellKnown.length) ?? "/";
      const metadata = resource && resourceMetadata(path, originOf(c.req.raw), resource);
      if (!metadata) return problem(404, "There is no metadata at this path.", nextRequestId());
      return c.json(metadata, 200, { "cache-control": "public, max-age=60" });
    });
  }
}
