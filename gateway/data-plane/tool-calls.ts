import type { ToolCall } from "../observe/requests/tool-call.ts";
import type { Exchange } from "./exchange.ts";
import { isObject } from "./message.ts";
import type { CallEnd } from "./seen.ts";
import { messagesIn } from "./policy/messages.ts";

/** The tool calls of an exchange as the audit trail takes them; a batch may hold several. */
export function toolCallsOf(exchange: Exchange, ended: CallEnd): ToolCall[] {
  const { json } = exchange;
  // Nearly always, and on the path of each call.
  if (isObject(json)) return json["method"] === "tools/call" ? [toolCallIn(json, exchange, ended)] : [];
  const calls = [...messagesIn(json)].filter(({ method }) => method === "tools/call");
  return calls.map((each) => toolCallIn(each, exchange, ended));
}

function toolCallIn(
  { params }: Record<string, unknown>,
  { message, call, adapter, sessionId }: Exchange,
  { outcome, status, durationMs }: CallEnd,
): ToolCall {
  const { name, arguments: given } = isObject(params) ? params : {};
  return {
    actor: call.principal.id,
    kind: "adapter",
    name: adapter.name,
    uid: adapter.uid,
    requestId: call.requestId,
    tool: typeof name === "string" ? name : "",
    arguments: given,
    sessionId: message.era === "legacy" ? sessionId : null,
    outcome,
    status,
    durationMs,
  };
}
