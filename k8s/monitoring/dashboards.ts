import type { Dashboard } from "./grafana.ts";
import { adapters } from "./rows/adapters.ts";
import { controlPlane } from "./rows/control-plane.ts";
import { guards } from "./rows/guards.ts";
import { identity } from "./rows/identity.ts";
import { injector } from "./rows/injector.ts";
import { overview } from "./rows/overview.ts";
import { process } from "./rows/process.ts";
import { sessions } from "./rows/sessions.ts";
import { store } from "./rows/store.ts";
import { tools } from "./rows/tools.ts";

const namespace = { name: "namespace", label: "Namespace", values: "label_values(mcp_gateway_build_info, namespace)" };
const adapter = {
  name: "adapter",
  label: "Adapter",
  values: 'label_values(mcp_gateway_requests_total{namespace=~"$namespace"}, adapter)',
};

/** Two, since a ConfigMap that is applied holds 256 KiB with all that kubectl notes beside it. */
export const dashboards = [
  {
    uid: "mcp-gateway",
    title: "MCP Gateway",
    description: "What clients ask of gateways, adapters and tools, and what they get.",
    variables: [namespace, adapter],
    rows: [overview, adapters, tools, sessions, identity],
  },
  {
    uid: "mcp-gateway-operation",
    title: "MCP Gateway: operation",
    description: "What gateways, guards and injectors do besides, and how they are.",
    variables: [namespace, adapter],
    rows: [controlPlane, store, process, guards, injector],
  },
] as const satisfies readonly Dashboard[];
