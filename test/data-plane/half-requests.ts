const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "t" } });

function request(method: string, path: string, { body = "", fields = "" } = {}): string {
  const usual = `Host: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${usual}${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** What the server is to do: see `waitingServer`. */
type Act = "answer" | "wait" | "stream" | "silence";

const at = (act: Act, adapter: "x" | "policed" = "x") => `/adapters/${adapter}/mcp?do=${act}`;
const post = (...what: Parameters<typeof at>) => request("POST", at(...what), { body: call });
const get = (...what: Parameters<typeof at>) => request("GET", at(...what));

/** At the router; one to nothing ends at once. */
function subscription(notifications: Record<string, boolean>): string {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "x", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const method = "subscriptions/listen";
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { notifications, _meta } });
  return request("POST", "/mcp", { body, fields: `MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: ${method}\r\n` });
}

/** What does not go on. */
export const halves: readonly (readonly [half: string, bytes: string])[] = [
  ["nothing", ""],
  ["half a head", post("answer").slice(0, 50)],
  ["a head without its body", post("answer").slice(0, -call.length)],
  ["half a body", post("answer").slice(0, -1)],
  [
    "half a body in chunks",
    `POST ${at("answer")} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{`,
  ],
  ["half a body for the router", request("POST", "/mcp", { body: call }).slice(0, -1)],
  ["half a body for the REST API", request("PUT", "/adapters/x", { body: "{}" }).slice(0, -1)],
];

/** What may come before, on the same connection. */
export const firsts: readonly (readonly [first: string, requests: readonly string[]])[] = [
  ["nothing", []],
  ["a call", [post("answer")]],
  ["a call that streamed", [post("stream")]],
  ["a call that streamed under a tool policy", [post("stream", "policed")]],
  ["a stream", [get("stream")]],
  ["a stream under a tool policy", [get("stream", "policed")]],
  ["a stream and a call", [get("stream"), post("answer")]],
  ["the end of a session", [request("DELETE", at("answer"))]],
  ["a subscription that ended", [subscription({})]],
  ["a request that was refused", [request("GET", "/adapters/none/mcp")]],
  ["a question to the REST API", [request("GET", "/adapters/x")]],
];

/** What may be silent for ever; `beginning` and `rest`: what is in the answer before it is, and after. */
export const lasting = [
  { what: "a call", bytes: post("wait"), beginning: "", rest: "after" },
  { what: "a call that streams", bytes: post("silence"), beginning: "before", rest: "after" },
  { what: "a call under a tool policy", bytes: post("silence", "policed"), beginning: "before", rest: "after" },
  { what: "a GET that waits", bytes: get("wait"), beginning: "", rest: "after" },
  { what: "a stream", bytes: get("silence"), beginning: "before", rest: "after" },
  { what: "a stream under a tool policy", bytes: get("silence", "policed"), beginning: "before", rest: "after" },
  { what: "the end of a session", bytes: request("DELETE", at("wait")), beginning: "", rest: "after" },
  { what: "a subscription", bytes: subscription({ toolsListChanged: true }), beginning: "acknowledged", rest: "" },
  { what: "a log", bytes: request("GET", "/adapters/x/logs?follow=true"), beginning: "before", rest: "after" },
] as const;
