import type { Definition } from "../metrics/cells.ts";

const work = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Records, and how they become true. */
export const controlDefinitions = {
  restRequests: {
    kind: "counter",
    name: "mcp_gateway_rest_requests_total",
    help: "Requests of the REST API that are over, by route (none if there is no such path), HTTP method and class of the status (2xx).",
    labels: ["route", "method", "status"],
  },
  restDuration: {
    kind: "histogram",
    name: "mcp_gateway_rest_request_duration_seconds",
    help: "Time until a REST request's answer began.",
    labels: ["route", "method"],
    buckets: work,
  },
  resources: {
    kind: "gauge",
    name: "mcp_gateway_resources",
    help: "Records, by kind (adapter, tool or server) and who manages them: gateway, or kubernetes (found in the cluster).",
    labels: ["kind", "managed_by"],
  },
  resourceWrites: {
    kind: "counter",
    name: "mcp_gateway_resource_writes_total",
    help: "Changes of records by this gateway, by kind, action (create, update or delete) and author: client, or registrar (of adapters found in the cluster).",
    labels: ["kind", "action", "author"],
  },
  reconciles: {
    kind: "counter",
    name: "mcp_gateway_reconciles_total",
    help: "Attempts to make it so, by kind (workload; server: removal of a virtual server; registration: of an adapter found in the cluster) and result: done or failed.",
    labels: ["kind", "result"],
  },
  reconcileDuration: {
    kind: "histogram",
    name: "mcp_gateway_reconcile_duration_seconds",
    help: "Time that an attempt took, whether it failed or not.",
    labels: ["kind"],
    buckets: work,
  },
  reconcileRetries: {
    kind: "counter",
    name: "mcp_gateway_reconcile_retries_total",
    help: "Attempts that were made because the one before had failed.",
    labels: ["kind"],
  },
  reconcileQueue: {
    kind: "gauge",
    name: "mcp_gateway_reconcile_queue",
    help: "Names that are not as wanted yet, by state: working, or failing (its last attempt has failed, and another one follows).",
    labels: ["kind", "state"],
  },
  reconcileLag: {
    kind: "gauge",
    name: "mcp_gateway_reconcile_lag_seconds",
    help: "How long the oldest of them has not been as wanted, by state; 0 if there is none. A removal is working until the last replica has gone.",
    labels: ["kind", "state"],
  },
  leader: {
    kind: "gauge",
    name: "mcp_gateway_leader",
    help: "1 if this gateway is the one that reconciles.",
    labels: [],
  },
  leadershipChanges: {
    kind: "counter",
    name: "mcp_gateway_leadership_changes_total",
    help: "How often this gateway heard of a change of the leading gateway.",
    labels: [],
  },
} as const satisfies Record<string, Definition>;
