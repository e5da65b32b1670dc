/** An MCP request that is over, as far as it came. Times in milliseconds. */
export type RequestSeen = {
  readonly requestId: string;
  /** Undefined where no span was made. */
  readonly traceId: string | undefined;
  /** Who asked: a client, or the tool router in a client's name. */
  readonly via: "client" | "router";
  /** An adapter's name, or the path of what else answered: `/mcp`, `/servers/NAME`, `/tools/NAME`. Empty: nothing did. */
  readonly place: string;
  readonly httpMethod: string;
  /** As it was asked for. */
  readonly path: string;
  /** As `data-plane/message.ts` names it; empty: nobody has read it. */
  readonly method: string;
  readonly tool: string | undefined;
  /** The caller's id. */
  readonly principal: string | undefined;
  readonly replica: string | undefined;
  /** A short hash of the session's id, by which one conversation can be followed. */
  readonly session: string | undefined;
  /** HTTP. */
  readonly status: number;
  /** The code of the first JSON-RPC error in the answer. */
  readonly rpcError: number | undefined;
  /** A tool's result that says of itself that it is an error. */
  readonly isToolError: boolean;
  /** `left`: the client has gone. `broken`: the MCP server broke off. */
  readonly end: "complete" | "left" | "broken";
  /** An event stream; one that lasts for as long as the client likes says nothing by its length. */
  readonly isStream: boolean;
  readonly isLasting: boolean;
  readonly durationMs: number;
  /** Of the time until the answer began: the gateway's own part, the MCP server's, and that of waiting for a ready replica. */
  readonly gatewayMs: number | undefined;
  readonly upstreamMs: number | undefined;
  readonly heldMs: number | undefined;
  readonly requestBytes: number;
  readonly answerBytes: number;
};
