import { ruleGroup } from "./alert.ts";
import { controlPlane } from "./alerts/control-plane.ts";
import { guards } from "./alerts/guards.ts";
import { identity } from "./alerts/identity.ts";
import { injector } from "./alerts/injector.ts";
import { process } from "./alerts/process.ts";
import { sessions } from "./alerts/sessions.ts";
import { store } from "./alerts/store.ts";
import { traffic } from "./alerts/traffic.ts";

export const groups = [traffic, sessions, identity, controlPlane, store, process, guards, injector];

/** As a Prometheus without an operator reads it. */
export function rulesFile() {
  return { groups: groups.map(ruleGroup) };
}

/** As the Prometheus operator takes it. */
export function prometheusRule() {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: {
      name: "mcp-gateway",
      namespace: "adapter",
      labels: { "app.kubernetes.io/name": "mcp-gateway", "app.kubernetes.io/component": "gateway" },
    },
    spec: rulesFile(),
  };
}
