import { isJSONRPCRequest, type JSONRPCMessage, type RequestId } from "@modelcontextprotocol/server";

/** Belong to no request, whoever is waiting for an answer just then. */
const standalone = new Set([
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
]);

/** The client's requests that have no answer yet, and which of them a message of the server belongs to. */
export function pendingRequests() {
  const tokens = new Map<RequestId, string | number | undefined>();

  return {
    count: () => tokens.size,
    ids: () => [...tokens.keys()],
    add(message: JSONRPCMessage): void {
      if (isJSONRPCRequest(message)) tokens.set(message.id, message.params?._meta?.progressToken);
    },
    /** @returns whether it was pending */
    take: (id: RequestId): boolean => tokens.delete(id),

    /**
     * On stdio nothing says which request a message belongs to, on HTTP it has to go on that one's stream. A progress token says
     * it; otherwise it is the latest request, which is right whenever a client waits for one answer at a time. Undefined: none,
     * so that it goes on the session's own stream.
     */
    relatedTo(message: { method: string; params?: unknown }): RequestId | undefined {
      if (standalone.has(message.method)) return undefined;
      const latest = [...tokens.keys()].at(-1);
      if (message.method !== "notifications/progress") return latest;
      const token = progressTokenOf(message.params);
      for (const [id, own] of tokens) if (own !== undefined && own === token) return id;
      return undefined;
    },
  };
}

function progressTokenOf(params: unknown): unknown {
  return typeof params === "object" && params !== null && "progressToken" in params ? params.progressToken : undefined;
}
