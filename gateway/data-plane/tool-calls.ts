import type { ToolCall } from "../observe/requests/tool-call.ts";
import type { Exchange } from "./exchange.ts";
import { isObject } from "./message.ts";
import type { CallEnd } from "./seen.ts";
import { messagesIn } from "./policy/messages.ts";

/** The tool calls of an exchange as the audit trail takes them; a batch may hold several. */
export function toolCallsOf(exchange: Exchange, ended: CallEnd): ToolCall[] {
  const { message, json, call, adapter, sessionId } = exchange;
  if (message.method !== "tools/call" && message.method !== "batch") return [];
  const about = {
    actor: call.principal.id,
    kind: "adapter" as const,
    name: adapter.name,
    uid: adapter.uid,
    requestId: call.requestId,
    sessionId: message.era === "legacy" ? sessionId : null,
    ...ended,
  };
  return [...messagesIn(json)]
    .filter(({ method }) => method === "tools/call")
    .map(({ params }) => {
      const { name, arguments: given } = isObject(params) ? params : {};
      return { ...about, tool: typeof name === "string" ? name : "", arguments: given };
    });
}
