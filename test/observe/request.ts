import type { RequestSeen } from "../../gateway/observe/requests/request-seen.ts";

/** A tool call that went well, as it is told when it is over. */
export const request: RequestSeen = {
  requestId: "abc-1",
  traceId: undefined,
  via: "client",
  place: "weather",
  httpMethod: "POST",
  path: "/adapters/weather/mcp",
  method: "tools/call",
  tool: "forecast",
  principal: "ada",
  replica: "weather-0",
  session: undefined,
  status: 200,
  rpcError: undefined,
  isToolError: false,
  end: "complete",
  isStream: false,
  isLasting: false,
  durationMs: 30,
  gatewayMs: 0.2,
  upstreamMs: 29.8,
  heldMs: undefined,
  requestBytes: 100,
  answerBytes: 200,
};
