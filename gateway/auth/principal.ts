/** Who calls. */
export type Principal = {
  /** Unique over all identity providers; MCP sessions are bound to it. */
  readonly key: string;
  /** What `createdBy` and X-Mcp-UserId carry. */
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
};
