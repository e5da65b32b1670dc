import type { Definition } from "../metrics/cells.ts";

/** What runs, and where. */
export const runtimeDefinitions = {
  replicasDesired: {
    kind: "gauge",
    name: "mcp_gateway_replicas_desired",
    help: "Replicas that an adapter or tool shall have.",
    labels: ["kind", "name"],
  },
  replicasReady: {
    kind: "gauge",
    name: "mcp_gateway_replicas_ready",
    help: "Replicas of an adapter or tool that this gateway sends new sessions to.",
    labels: ["kind", "name"],
  },
  replicaStarts: {
    kind: "counter",
    name: "mcp_gateway_replica_starts_total",
    help: "Replicas that were started, first starts and restarts alike, by adapter or tool. In a cluster every gateway counts what it sees.",
    labels: ["name"],
  },
  replicaEnds: {
    kind: "counter",
    name: "mcp_gateway_replica_ends_total",
    help: "Replicas that ended, by adapter or tool and how: stopped (as wanted) or crashed (by themselves). In a cluster every gateway counts what it sees.",
    labels: ["name", "how"],
  },
  replicaRestarts: {
    kind: "counter",
    name: "mcp_gateway_replica_restarts_total",
    help: "Replicas that were started again since they had ended by themselves, by adapter or tool. In a cluster every gateway counts what it sees.",
    labels: ["name"],
  },
  upstreamConnections: {
    kind: "gauge",
    name: "mcp_gateway_upstream_connections",
    help: "Open connections to MCP servers, idle ones included.",
    labels: [],
    together: "sum",
  },
  watchInterruptions: {
    kind: "counter",
    name: "mcp_gateway_watch_interruptions_total",
    help: "Watches of the Kubernetes API that broke off or could not be opened, by kind of object.",
    labels: ["kind"],
  },
  kubernetesThrottled: {
    kind: "counter",
    name: "mcp_gateway_kubernetes_throttled_total",
    help: "Answers of the Kubernetes API server that ask to try again later.",
    labels: ["status"],
  },
} as const satisfies Record<string, Definition>;
