import { oneOf } from "../metrics/label-values.ts";

/**
 * What a client asks of an MCP server, revisions 2024-11-05 to 2026-07-28 with the tasks extension, and the gateway's words for
 * what is no single request: `response`, `batch`, and the HTTP methods that have no message.
 */
const methods = [
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "prompts/list",
  "prompts/get",
  "completion/complete",
  "logging/setLevel",
  "subscriptions/listen",
  "tasks/get",
  "tasks/list",
  "tasks/result",
  "tasks/update",
  "tasks/cancel",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
  "response",
  "batch",
  "GET",
  "DELETE",
];

/** A method as a metric's label. */
export const methodLabel = oneOf(methods);
