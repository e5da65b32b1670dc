import type { Principal } from "./principal.ts";

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
