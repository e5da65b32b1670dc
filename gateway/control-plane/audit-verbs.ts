import type { AuditPage, AuditQuery } from "../../openapi/audit.ts";
import type { Access } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import type { Store } from "../store/store.ts";
import { type Refusal, refused } from "./refusal.ts";

export type AuditVerbs = ReturnType<typeof auditVerbs>;

/** Reading the audit trail, which is the admins': it tells who uses what. */
export function auditVerbs({ access, store }: { access: Pick<Access, "isAdmin">; store: Pick<Store, "audit"> }) {
  return { list };

  async function list(principal: Principal, query: AuditQuery): Promise<{ state: "found"; page: AuditPage } | Refusal> {
    if (!access.isAdmin(principal)) return refused("forbidden", "Only an admin may read the audit trail.");
    const read = await store.audit(query);
    if (read.state === "unknown-cursor") {
      return refused("invalid", "cursor: Not one that this gateway gave out. Start without one.");
    }
    return { state: "found", page: { entries: read.entries, next: read.next } };
  }
}
