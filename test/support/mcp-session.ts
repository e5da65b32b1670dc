import { devHeaders } from "./gateway.ts";

type ToolResult = { structuredContent: Record<string, unknown> };

/** One MCP session spoken by hand, so that a test sees each status and each session id. Revision 2025-11-25. */
export type McpSession = {
  readonly id: string;
  /** Goes on at another gateway, with the same id. */
  moveTo(url: URL): void;
  /** Calls a tool and gives its structured content. */
  call(tool: string, args?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Calls a tool and gives the HTTP status. */
  statusOf(tool: string, args?: Record<string, unknown>): Promise<number>;
};

/** Initializes a session as this user. */
export async function openMcpSession(url: URL, userId: string): Promise<McpSession> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const response = await send(url, userId, { jsonrpc: "2.0", id: 0, method: "initialize", params });
  await response.text();
  const session = response.headers.get("mcp-session-id");
  if (response.status !== 200 || session === null)
    throw new Error(`initialize: ${response.status}, session ${session}`);
  await (await send(url, userId, { jsonrpc: "2.0", method: "notifications/initialized" }, session)).text();

  let at = url;
  let lastId = 0;
  const post = (name: string, args: Record<string, unknown> = {}) =>
    send(
      at,
      userId,
      { jsonrpc: "2.0", id: ++lastId, method: "tools/call", params: { name, arguments: args } },
      session,
    );
  return {
    id: session,
    moveTo: (url) => {
      at = url;
    },
    async call(tool, args) {
      const response = await post(tool, args);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${tool}: ${response.status} ${text}`);
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      return (JSON.parse(isStream ? lastData(text) : text) as { result: ToolResult }).result.structuredContent;
    },
    async statusOf(tool, args) {
      const response = await post(tool, args);
      await response.text();
      return response.status;
    },
  };
}

function send(url: URL, userId: string, message: unknown, session?: string): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
      ...devHeaders(userId),
      ...(session ? { "mcp-session-id": session } : {}),
    },
    body: JSON.stringify(message),
  });
}

/** The last event that carries something; priming events are empty. */
function lastData(stream: string): string {
  const data = stream.split("\n").filter((line) => line.startsWith("data: "));
  return data.at(-1)?.slice("data: ".length) ?? "";
}
