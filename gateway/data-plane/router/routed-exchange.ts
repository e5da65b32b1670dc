import type { ServerContext } from "@modelcontextprotocol/server";

/** What a request to a server behind takes from the request to the router. */
export type RoutedExchange = {
  /** Fires when the client cancels or goes. */
  readonly signal: AbortSignal;
  /** `progressToken` and what else the client put into `_meta` that is not the protocol's own. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Of a repeated request (2026-07-28, multi round-trip). */
  readonly retry: Readonly<Record<string, unknown>>;
  readonly notify: (notification: { method: string; params?: Readonly<Record<string, unknown>> }) => void;
};

export function exchangeOf({ mcpReq }: ServerContext): RoutedExchange {
  const { signal, inputResponses } = mcpReq;
  const requestState: unknown = mcpReq.requestState();
  const meta = Object.entries(mcpReq._meta ?? {}).filter(([key]) => !key.startsWith("io.modelcontextprotocol/"));
  return {
    signal,
    meta: Object.fromEntries(meta),
    retry: {
      ...(inputResponses !== undefined && { inputResponses }),
      ...(typeof requestState === "string" && { requestState }),
    },
    // The client may be gone by then: that is what the signal tells.
    notify: (notification) => void mcpReq.notify(notification as never).catch(() => {}),
  };
}
