import type { ToolCall } from "../store/store.ts";
import type { Exchange } from "./exchange.ts";
import { isObject } from "./message.ts";
import { messagesIn } from "./policy/messages.ts";

/** The tool calls of an exchange as the audit trail takes them; a batch may hold several. */
export function toolCallsOf(
  exchange: Exchange,
  { refused, status, durationMs }: { refused: boolean; status: number; durationMs: number },
): ToolCall[] {
  const { message, json, call, adapter, sessionId } = exchange;
  if (message.method !== "tools/call" && message.method !== "batch") return [];
  const about = {
    actor: call.principal.id,
    kind: "adapter" as const,
    name: adapter.name,
    uid: adapter.uid,
    requestId: call.requestId,
    sessionId: message.era === "legacy" ? sessionId : null,
    outcome: refused ? ("refused" as const) : outcomeOf(status),
    status,
    durationMs,
  };
  return [...messagesIn(json)]
    .filter(({ method }) => method === "tools/call")
    .map(({ params }) => {
      const { name, arguments: given } = isObject(params) ? params : {};
      return { ...about, tool: typeof name === "string" ? name : "", arguments: given };
    });
}

function outcomeOf(status: number): ToolCall["outcome"] {
  if (status >= 500) return "error";
  return status >= 400 ? "refused" : "ok";
}
