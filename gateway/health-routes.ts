import * as contract from "../openapi/health.ts";
import type { RestApp } from "./rest.ts";

/** `degraded`: routes as ever, but something else is not possible, and why. Everybody may read it. */
export type Health = "ok" | "draining" | { readonly degraded: string };

/** Probes: no identity, no database, no Host check (kubelets and load balancers call by address). */
export function mountHealth(app: RestApp, health: () => Health): void {
  app.openapi(contract.ping, (c) => c.body(null, 200));
  app.openapi(contract.live, (c) => c.json({ status: "ok" as const }, 200));
  app.openapi(contract.ready, (c) => {
    const now = health();
    if (now === "draining") return c.json({ status: now }, 503, { "retry-after": "1" });
    // Ready all the same: elsewhere the database is as far away as here.
    return c.json(now === "ok" ? { status: now } : { status: "degraded" as const, reason: now.degraded }, 200);
  });
}
