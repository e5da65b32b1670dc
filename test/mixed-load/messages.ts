import type { Answer } from "./line.ts";

/** A JSON-RPC answer, as far as clients here look at it. */
export type Message = {
  id?: number;
  result?: {
    structuredContent?: Record<string, unknown>;
    content?: { text?: string }[];
    tools?: { name: string }[];
    isError?: boolean;
  };
  error?: { code: number; message: string };
};

export const toolCall = (id: number, name: string, args: object = {}): string =>
  request(id, "tools/call", { name, arguments: args });

export const toolList = (id: number): string => request(id, "tools/list", {});

export const initialized = JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" });

/** The same of revision 2026-07-28, with the header fields that go with it. */
export function modernCall(id: number, name: string, args: object): { body: string; fields: string } {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": modernRevision,
    "io.modelcontextprotocol/clientInfo": { name: "mixed-load", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const fields = `MCP-Protocol-Version: ${modernRevision}\r\nMcp-Method: tools/call\r\nMcp-Name: ${name}\r\n`;
  return { body: request(id, "tools/call", { name, arguments: args, _meta }), fields };
}

/** The header fields of a request without a session, of the revisions before. */
export const legacyFields = "MCP-Protocol-Version: 2025-11-25\r\n";

/** What an answer says, as JSON or as the last event of a stream; undefined when that is no message. */
export function messageIn(answer: Answer): Message | undefined {
  if (answer.state !== "whole") return undefined;
  const isStream = /\r\ncontent-type: *text\/event-stream/i.test(answer.head);
  const text = isStream ? lastData(answer.body) : answer.body;
  try {
    return JSON.parse(text) as Message;
  } catch {
    return undefined;
  }
}

export const textIn = (message: Message | undefined): string | undefined => message?.result?.content?.[0]?.text;

/** How the tool router says, in a tool's result, that the adapter behind it refused or failed: with this status. */
export function failedStatusIn(message: Message | undefined): number | undefined {
  const status = message?.result?.isError ? /\(HTTP (\d{3})\)/.exec(textIn(message) ?? "")?.[1] : undefined;
  return status === undefined ? undefined : Number(status);
}

const modernRevision = "2026-07-28";

function request(id: number, method: string, params: object): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/** Events that only announce a stream have none. */
function lastData(stream: string): string {
  const data = stream.split("\n").findLast((line) => line.startsWith("data: {"));
  return data?.slice("data: ".length) ?? "";
}
