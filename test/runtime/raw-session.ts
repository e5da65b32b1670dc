import { readLines } from "../../gateway/runtime/local/lines.ts";

export type Message = {
  jsonrpc?: string;
  id?: string | number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string };
};
export type Stream = {
  status: number;
  messages: Message[];
  eventIds: string[];
  over: Promise<void>;
  abort: () => void;
};

const accept = "application/json, text/event-stream";

/** MCP over HTTP by hand, so that a test sees on which stream a message comes. */
export async function rawSession(origin: string, protocolVersion = "2025-11-25") {
  const url = `${origin}/mcp`;
  const headers: Record<string, string> = { accept, "content-type": "application/json" };
  const first = await exchange(url, { method: "POST", headers, body: initialize(protocolVersion) });
  const { response, ...initialized } = first;
  await first.over;
  headers["mcp-session-id"] = response.headers.get("mcp-session-id") ?? "";
  headers["mcp-protocol-version"] = protocolVersion;
  const post = (message: Message) =>
    exchange(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  const get = (lastEventId?: string) =>
    exchange(url, { method: "GET", headers: { ...headers, ...(lastEventId && { "last-event-id": lastEventId }) } });
  await post({ method: "notifications/initialized" });

  return {
    initialized,
    id: headers["mcp-session-id"],
    post,
    get,
    /** A request whose answer comes alone. */
    async call(method: string, params: Record<string, unknown> = {}): Promise<Message> {
      const stream = await post({ id: crypto.randomUUID(), method, params });
      await stream.over;
      return stream.messages.at(-1) ?? {};
    },
    end: () => fetch(url, { method: "DELETE", headers, keepalive: false }),
  };
}

export function initialize(protocolVersion = "2025-11-25"): string {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } };
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
}

export async function exchange(url: string, init: RequestInit): Promise<Stream & { response: Response }> {
  const stop = new AbortController();
  const response = await fetch(url, { ...init, signal: stop.signal, keepalive: false });
  const messages: Message[] = [];
  const eventIds: string[] = [];
  const read = (line: string) => {
    if (line.startsWith("id: ")) eventIds.push(line.slice(4));
    const data = line.startsWith("data: ") ? line.slice(6) : line.startsWith("{") ? line : "";
    if (data !== "") messages.push(JSON.parse(data));
  };
  const over = response.body === null ? Promise.resolve() : readLines(response.body, 1e9, read).catch(() => {});
  return { status: response.status, response, messages, eventIds, over, abort: () => stop.abort() };
}
