import type { HeaderFields } from "./header-fields.ts";
import type { Identified, Identify } from "./identify.ts";
import type { Principal } from "./principal.ts";

/** Believes what the headers say, for as long as they say it. */
export const identifyByHeaders: Identify = (fields) => (saysNothing(fields) ? usual : knownAs(devPrincipal(fields)));

/**
 * Development identity, as in the Microsoft gateway: whoever the headers say, and `dev` with role `mcp.dev` otherwise.
 * No secret is asked, so it serves on loopback only, unless a setting opens it by name.
 */
export function devPrincipal(fields: HeaderFields): Principal {
  const id = fields["x-dev-userid"] || "dev";
  const roles = fields["x-dev-roles"] ?? "mcp.dev";
  return {
    key: `dev:${id}`,
    id,
    name: fields["x-dev-name"] || id,
    roles: roles
      .split(",")
      .map((role) => role.trim())
      .filter(Boolean),
  };
}

function saysNothing(fields: HeaderFields): boolean {
  return !("x-dev-userid" in fields || "x-dev-roles" in fields || "x-dev-name" in fields);
}

function knownAs(principal: Principal): Identified {
  return { state: "known", principal, scopes: [], resources: undefined, expiresAtMs: undefined };
}

const usual = knownAs(devPrincipal({}));
