import type { ToolCall } from "../observe/requests/tool-call.ts";
import type { Principal } from "../auth/principal.ts";
import { isObject, type Message } from "./message.ts";
import { messagesIn } from "./policy/messages.ts";

/** A request that calls tools of an adapter. */
export type Calling = {
  readonly call: { readonly principal: Principal; readonly requestId: string };
  readonly adapter: { readonly name: string; readonly uid: string };
  readonly json: unknown;
  readonly message: Message;
  readonly sessionId: string | null;
};

export type CallEnd = Pick<ToolCall, "outcome" | "status" | "durationMs">;

/** The tool calls of a request as the audit trail takes them; a batch may hold several. */
export function toolCallsOf(calling: Calling, ended: CallEnd): ToolCall[] {
  const { json } = calling;
  // Nearly always, and on the path of each call.
  if (isObject(json)) return json["method"] === "tools/call" ? [toolCallIn(json, calling, ended)] : [];
  const calls = [...messagesIn(json)].filter(({ method }) => method === "tools/call");
  return calls.map((each) => toolCallIn(each, calling, ended));
}

function toolCallIn(
  { params }: Record<string, unknown>,
  { message, call, adapter, sessionId }: Calling,
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
