import type { MiddlewareHandler } from "hono";
import { type AllowedNames, allowsOrigin } from "./allowed-names.ts";

/** Public documents: any page may read them. */
export const everyone = "everyone";

/** On whatever is public. */
export const publicCors = { "access-control-allow-origin": "*" } as const;

/** Browsers keep a permission this long; Chrome cuts it to this in any case. */
const maxAgeS = 7200;
const maxHeaderNames = 64;
const maxHeaderNamesLength = 2048;

const allowMethods = "GET, HEAD, POST, PUT, DELETE";
const exposeHeaders =
  "Mcp-Session-Id, WWW-Authenticate, MCP-Protocol-Version, ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Link, X-Request-Id";

/**
 * The answer to a preflight, before anybody asks who calls: browsers send it without identity. 204 for an allowed page,
 * 403 for another; undefined when OPTIONS is no preflight. Call it for OPTIONS only.
 *
 * Asked-for headers are echoed (Mcp-Param-* is open-ended, and `*` does not cover Authorization) if there are at most 64
 * and each is a token; otherwise none is allowed and the browser gives up.
 */
export function preflight(headers: Headers, names: AllowedNames | typeof everyone): Response | undefined {
  const origin = headers.get("origin");
  if (origin === null || !headers.has("access-control-request-method")) return undefined;
  const allowed = names === everyone ? publicCors : corsHeaders(origin, names);
  if (!allowed) return new Response(null, { status: 403, headers: { vary: "Origin" } });
  const asked = headerNames(headers.get("access-control-request-headers") ?? "");
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": allowed["access-control-allow-origin"],
      "access-control-allow-methods": allowMethods,
      ...(asked ? { "access-control-allow-headers": asked } : {}),
      "access-control-max-age": String(maxAgeS),
      vary: "Origin, Access-Control-Request-Headers",
    },
  });
}

/**
 * What an answer carries so that the page which asked may read it; undefined without an Origin, or for a page that is
 * not allowed. Credentials mode stays off: identity is a bearer token that the page holds, never a cookie.
 */
export function corsHeaders(origin: string | null, names: AllowedNames): CorsHeaders | undefined {
  if (origin === null || !allowsOrigin(names, origin)) return undefined;
  return { "access-control-allow-origin": origin, "access-control-expose-headers": exposeHeaders, vary: "Origin" };
}

export type CorsHeaders = {
  readonly "access-control-allow-origin": string;
  readonly "access-control-expose-headers": string;
  readonly vary: string;
};

/** Puts them on an answer in place of what an upstream said: which page may read is the gateway's to say. */
export function addCors(answer: Headers, origin: string | undefined, names: AllowedNames): void {
  // Nearly every MCP message: no browser, nothing to do.
  if (origin === undefined) return;
  const allowed = corsHeaders(origin, names);
  if (!allowed) return;
  answer.set("access-control-allow-origin", allowed["access-control-allow-origin"]);
  answer.set("access-control-expose-headers", allowed["access-control-expose-headers"]);
  answer.delete("access-control-allow-credentials");
  answer.append("vary", allowed.vary);
}

/** The same for REST paths: stands before the front door, so that a page can read a refusal too. */
export function crossOrigin(names: AllowedNames): MiddlewareHandler {
  return async (c, next) => {
    const { method, headers } = c.req.raw;
    const answer = method === "OPTIONS" ? preflight(headers, names) : undefined;
    if (answer) return answer;
    await next();
    addCors(c.res.headers, headers.get("origin") ?? undefined, names);
    return undefined;
  };
}

function headerNames(asked: string): string | undefined {
  if (asked.length > maxHeaderNamesLength) return undefined;
  const names = asked.split(",").map((name) => name.trim());
  const usable = names.length <= maxHeaderNames && names.every((name) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name));
  return usable ? names.join(", ") : undefined;
}
