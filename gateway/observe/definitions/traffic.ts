import type { Definition } from "../metrics/cells.ts";

const calls = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const own = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1];

/** What is counted of requests. */
export const trafficDefinitions = {
  auth: {
    kind: "counter",
    name: "mcp_gateway_auth_total",
    help: "Requests at the front door: ok, or why they were refused.",
    labels: ["reason"],
  },
  requests: {
    kind: "counter",
    name: "mcp_gateway_requests_total",
    help: "MCP requests that are over, by adapter (or the router's path; empty if none was reached), MCP method, HTTP status and JSON-RPC error; via says who asked, a client or the tool router.",
    labels: ["adapter", "method", "status", "rpc_error", "via"],
    maxSeries: 10_000,
  },
  requestDuration: {
    kind: "histogram",
    name: "mcp_gateway_request_duration_seconds",
    help: "Time until a request's answer was complete; streams that last are left out.",
    labels: ["adapter", "method"],
    buckets: calls,
  },
  overhead: {
    kind: "histogram",
    name: "mcp_gateway_overhead_seconds",
    help: "The gateway's own part of the time until an answer began: neither the MCP server's nor waiting for a replica.",
    labels: ["method"],
    buckets: own,
  },
  upstreamDuration: {
    kind: "histogram",
    name: "mcp_gateway_upstream_duration_seconds",
    help: "Time from sending a request to the MCP server until its answer was there, or of a stream its beginning.",
    labels: ["adapter"],
    buckets: calls,
  },
  requestBytes: {
    kind: "counter",
    name: "mcp_gateway_request_bytes_total",
    help: "Bytes of request bodies that went to MCP servers.",
    labels: ["adapter"],
  },
  answerBytes: {
    kind: "counter",
    name: "mcp_gateway_response_bytes_total",
    help: "Bytes of response bodies that came from MCP servers.",
    labels: ["adapter"],
  },
  openStreams: {
    kind: "gauge",
    name: "mcp_gateway_open_streams",
    help: "Event streams under way.",
    labels: ["adapter"],
    together: "sum",
  },
  toolCalls: {
    kind: "counter",
    name: "mcp_gateway_tool_calls_total",
    help: "Tool calls by adapter (or the path of a tool), tool, and outcome: ok, error (the server's) or refused (by HTTP status or policy).",
    labels: ["adapter", "tool", "outcome"],
    maxSeries: 5000,
  },
  sessionsOpened: {
    kind: "counter",
    name: "mcp_gateway_sessions_opened_total",
    help: "MCP sessions that servers have opened, by the replica on which they were placed.",
    labels: ["adapter", "replica"],
  },
  sessionsClosed: {
    kind: "counter",
    name: "mcp_gateway_sessions_closed_total",
    help: "MCP sessions that clients have ended.",
    labels: ["adapter"],
  },
  sessionsLost: {
    kind: "counter",
    name: "mcp_gateway_sessions_lost_total",
    help: "Requests for sessions that are not there: replica-gone, forgotten (the server does not know it), or an id that does not open: malformed, unknown-key, foreign, expired.",
    labels: ["adapter", "reason"],
  },
  sessions: {
    kind: "gauge",
    name: "mcp_gateway_sessions",
    help: "MCP sessions that this gateway has seen in use within the last 15 minutes.",
    labels: ["adapter", "replica"],
    together: "sum",
  },
  holds: {
    kind: "counter",
    name: "mcp_gateway_holds_total",
    help: "Requests that had to wait for a ready replica, by what became of them: served or unready (503).",
    labels: ["adapter", "outcome"],
  },
  holdDuration: {
    kind: "histogram",
    name: "mcp_gateway_hold_seconds",
    help: "How long requests waited for a ready replica.",
    labels: [],
    buckets: calls,
  },
  upstreamFailures: {
    kind: "counter",
    name: "mcp_gateway_upstream_failures_total",
    help: "Requests without a whole answer of the MCP server: not reached (refused), broken off (broken) or no ready replica (unready).",
    labels: ["adapter", "failure"],
  },
  limited: {
    kind: "counter",
    name: "mcp_gateway_limited_total",
    help: "Requests over a limit: requests, streams or sessions.",
    labels: ["adapter", "what"],
  },
} as const satisfies Record<string, Definition>;
