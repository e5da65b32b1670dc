import { listAudit } from "../../openapi/audit.ts";
import { problem } from "../problem.ts";
import type { RestApp } from "../rest.ts";
import type { AuditVerbs } from "./audit-verbs.ts";

/** The audit trail's REST API. */
export function mountAudit(app: RestApp, audit: AuditVerbs): void {
  app.openapi(listAudit, async (c) => {
    const found = await audit.list(c.var.principal, c.req.valid("query"));
    if (found.state === "refused") {
      return problem(found.why === "forbidden" ? 403 : 400, found.detail, c.var.requestId);
    }
    return c.json(found.page, 200, { "cache-control": "no-store" });
  });
}
