import * as contract from "../openapi/health.ts";
import type { RestApp } from "./rest.ts";

export type Health = "ok" | "draining";

/** Probes: no identity, no database, no Host check (kubelets and load balancers call by address). */
export function mountHealth(app: RestApp, health: () => Health): void {
  app.openapi(contract.ping, (c) => c.body(null, 200));
  app.openapi(contract.live, (c) => c.json({ status: "ok" as const }, 200));
  app.openapi(contract.ready, (c) => {
    const status = health();
    return status === "ok" ? c.json({ status }, 200) : c.json({ status }, 503, { "retry-after": "1" });
  });
}
