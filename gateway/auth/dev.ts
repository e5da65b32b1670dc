import type { Identify } from "./identify.ts";
import type { Principal } from "./principal.ts";

/** Believes what the headers say, for as long as they say it. */
export const identifyByHeaders: Identify = (headers) => ({
  state: "known",
  principal: devPrincipal(headers),
  scopes: [],
  resources: undefined,
  expiresAtMs: undefined,
});

/**
 * Development identity, as in the Microsoft gateway: whoever the headers say, and `dev` with role `mcp.dev` otherwise.
 * No secret is asked, so it serves on loopback only, unless a setting opens it by name.
 */
export function devPrincipal(headers: Headers): Principal {
  const id = headers.get("x-dev-userid") || "dev";
  const roles = headers.get("x-dev-roles") ?? "mcp.dev";
  return {
    key: `dev:${id}`,
    id,
    name: headers.get("x-dev-name") || id,
    roles: roles
      .split(",")
      .map((role) => role.trim())
      .filter(Boolean),
  };
}
