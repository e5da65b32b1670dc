import type { Principal } from "./principal.ts";

export type Verb = "read" | "write";
export type Protected = {
  /** The creator's id, for people. */
  readonly createdBy: string;
  /** The creator's key, where it is known: an id is unique at one identity provider only. */
  readonly owner?: string;
  readonly requiredRoles: readonly string[];
};
export type Access = ReturnType<typeof accessRules>;

/**
 * The Microsoft gateway's rule. Read: creator, admin, or any required role (none required means nobody else).
 * Write: creator or admin. Roles compare without case, as there. Whoever may not read a resource that exists gets 403,
 * on both planes: names are no secret, and a 404 would send people looking for a typing error.
 */
export function accessRules(roles: { readonly admin: string; readonly workloadIdentity: readonly string[] }) {
  return { may, mayUseWorkloadIdentity, isAdmin };

  function may(principal: Principal, verb: Verb, resource: Protected): boolean {
    if (made(principal, resource) || isAdmin(principal)) return true;
    return verb === "read" && hasAnyRole(principal, resource.requiredRoles);
  }

  /** A cloud identity is more than what the creator has, so it is not everybody's to give. */
  function mayUseWorkloadIdentity(principal: Principal): boolean {
    return isAdmin(principal) || hasAnyRole(principal, roles.workloadIdentity);
  }

  function isAdmin(principal: Principal): boolean {
    return hasRole(principal, roles.admin);
  }
}

function made(principal: Principal, { owner, createdBy }: Protected): boolean {
  return owner === undefined ? principal.id === createdBy : principal.key === owner;
}

function hasAnyRole(principal: Principal, roles: readonly string[]): boolean {
  for (const role of roles) if (hasRole(principal, role)) return true;
  return false;
}

export function hasRole({ roles }: Principal, role: string): boolean {
  const wanted = role.toLowerCase();
  for (const held of roles) if (held.toLowerCase() === wanted) return true;
  return false;
}
