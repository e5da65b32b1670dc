import type { Principal } from "./principal.ts";

/** The role that may do everything. */
export const adminRole = "mcp.admin";

export type Verb = "read" | "write";
export type Protected = { readonly createdBy: string; readonly requiredRoles: readonly string[] };

/**
 * The Microsoft gateway's rule. Read: creator, admin, or any required role (none required means nobody else).
 * Write: creator or admin. Roles compare without case, as there.
 */
export function may(principal: Principal, verb: Verb, resource: Protected): boolean {
  if (principal.id === resource.createdBy || isAdmin(principal)) return true;
  return verb === "read" && resource.requiredRoles.some((role) => hasRole(principal, role));
}

/** A cloud identity is more than what the creator has, so it is the admin's to give. */
export function mayUseWorkloadIdentity(principal: Principal): boolean {
  return isAdmin(principal);
}

function isAdmin(principal: Principal): boolean {
  return hasRole(principal, adminRole);
}

function hasRole(principal: Principal, role: string): boolean {
  const wanted = role.toLowerCase();
  return principal.roles.some((held) => held.toLowerCase() === wanted);
}
