/** One tool call, as the data plane saw it. */
export type ToolCall = {
  /** Id of the principal. */
  readonly actor: string;
  /** Whose tool: an adapter's, or one of its own. */
  readonly kind: "adapter" | "tool";
  /** Of the resource. */
  readonly name: string;
  readonly uid: string;
  readonly requestId: string;
  readonly tool: string;
  /** `params.arguments` as the client sent it. Undefined counts as `{}`. */
  readonly arguments: unknown;
  /** The client's Mcp-Session-Id; only a hash of it is kept. */
  readonly sessionId: string | null;
  readonly outcome: "ok" | "refused" | "error";
  /** HTTP status of the answer. */
  readonly status: number;
  /** Milliseconds until the answer was complete. */
  readonly durationMs: number;
};
