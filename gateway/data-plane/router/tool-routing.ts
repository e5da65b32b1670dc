import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { Events } from "../../observe/events.ts";
import type { Resource } from "../../store/store.ts";
import type { Caller } from "./caller.ts";
import type { Listed } from "./listing.ts";
import type { Offer } from "./offer.ts";
import type { Peers } from "./peer.ts";
import { protocolError } from "./peer-error.ts";
import type { RoutedExchange } from "./routed-exchange.ts";
import { paramHeaders } from "./lists/param-headers.ts";
import { shownLinks } from "./lists/shown-uri.ts";
import { errorResult, type ToolResult } from "./tools/result.ts";

type Result = Readonly<Record<string, unknown>>;
type CallParams = { readonly name: string; readonly arguments?: unknown };
export type ToolRouting = ReturnType<typeof toolRouting>;

const maxEchoedNameLength = 200;
/** 2026-07-28, MissingRequiredClientCapability. */
const missingCapability = -32_021;
const needsItsClient =
  "has to ask its client something (elicitation, sampling or roots), which the tool router can carry from revision 2026-07-28 on only.";

/** Takes a `tools/call` to where the tool is. */
export function toolRouting({
  callTool,
  peers,
  events,
  now,
}: {
  callTool: (tool: Resource<"tool">, args: unknown, caller: Caller) => Promise<ToolResult>;
  peers: Pick<Peers, "request">;
  events: Pick<Events, "toolRefused" | "toolCalled">;
  now: () => number;
}) {
  return { call };

  async function call(offer: Offer, params: CallParams, caller: Caller, exchange: RoutedExchange): Promise<Result> {
    const own = await offer.own?.call(params.name, params.arguments, caller);
    if (own?.state === "answered") return own.result;
    const { name, args } = own ?? { name: params.name, args: params.arguments };
    const listed = await offer.find("tools", name, caller);
    if (!listed) throw unknown(name, caller);
    return listed.origin.kind === "tool"
      ? callResource(listed.origin.resource, args, caller)
      : callAdapter(listed, listed.origin, args, caller, exchange);
  }

  /** What the specification prescribes for a tool that does not exist, so that a forbidden one looks the same. */
  function unknown(name: string, { requestId }: Caller): ProtocolError {
    const tool = name.slice(0, maxEchoedNameLength).toWellFormed();
    events.toolRefused({ requestId, adapter: "", tool });
    return new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${tool}`);
  }

  async function callResource(tool: Resource<"tool">, args: unknown, caller: Caller): Promise<Result> {
    const startedMs = now();
    const seen = caller.seen.within(`/tools/${tool.name}`, "POST");
    seen.runs(tool.name);
    const result = await callTool(tool, args, { ...caller, seen });
    const outcome = result.isError === true ? "error" : "ok";
    seen.ran(outcome);
    events.toolCalled({
      actor: caller.principal.id,
      kind: "tool",
      name: tool.name,
      uid: tool.uid,
      requestId: caller.requestId,
      tool: tool.name,
      arguments: args,
      sessionId: null,
      outcome,
      status: 200,
      durationMs: now() - startedMs,
    });
    return result;
  }

  async function callAdapter(
    listed: Listed,
    { adapter, name, inputSchema }: Extract<Listed["origin"], { kind: "adapter" }>,
    args: unknown,
    caller: Caller,
    { signal, meta, retry, notify }: RoutedExchange,
  ): Promise<Result> {
    const answer = await peers.request(adapter, caller, {
      method: "tools/call",
      params: { name, ...(args !== undefined && { arguments: args }), ...retry, _meta: meta },
      headers: paramHeaders(inputSchema, args),
      onNotification: notify,
      signal,
    });
    switch (answer.state) {
      case "result":
        return shownLinks(adapter.name, answer.result);
      case "error":
        if (answer.error.code === missingCapability && caller.era === "legacy") {
          return errorResult(`${listed.name} ${needsItsClient} Use it at /adapters/${adapter.name}/mcp.`);
        }
        throw protocolError(answer.error, caller.era);
      case "unavailable":
        return errorResult(`${listed.name}: ${answer.reason}`);
    }
  }
}
