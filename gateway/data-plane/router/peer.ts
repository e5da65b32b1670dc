import type { Resource } from "../../store/store.ts";
import type { Caller } from "./caller.ts";

/** One request to an adapter's MCP server, in the caller's name. */
export type PeerRequest = {
  readonly method: string;
  /** Without `_meta` of the protocol's own; a client's `progressToken` is kept in `_meta`. */
  readonly params: Readonly<Record<string, unknown>>;
  /** `Mcp-Param-*` and the like (2026-07-28). */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the server says before it answers: progress, logging. */
  readonly onNotification?: (notification: PeerNotification) => void;
  /** Ends the request, and cancels it at the server. */
  readonly signal: AbortSignal;
};

export type PeerNotification = { readonly method: string; readonly params?: Readonly<Record<string, unknown>> };

/** `unavailable`: no answer of the server, and why, in words for whoever called. */
export type PeerAnswer =
  | { readonly state: "result"; readonly result: Readonly<Record<string, unknown>> }
  | { readonly state: "error"; readonly error: { code: number; message: string; data?: unknown } }
  | { readonly state: "unavailable"; readonly reason: string };

/** What a server says of itself, once it has been reached. */
export type PeerIdentity = {
  readonly era: Caller["era"];
  readonly capabilities: Readonly<Record<string, unknown>>;
};

export type ListKind = "tools" | "prompts" | "resources";

/** The MCP servers behind the router, each as one caller sees it. Requests take the way of the data plane: access, policy, limits, affinity, audit. */
export type Peers = AsyncDisposable & {
  /** Reaches the server if that has not been done: `server/discover`, or `initialize`. */
  identify(
    adapter: Resource<"adapter">,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<
    | { readonly state: "known"; readonly identity: PeerIdentity }
    | { readonly state: "unavailable"; readonly reason: string }
  >;
  request(adapter: Resource<"adapter">, caller: Caller, request: PeerRequest): Promise<PeerAnswer>;
  /** Calls back when a server says that one of its lists has changed for callers with this access key. */
  subscribe(onChange: (change: { adapter: string; accessKey: string; list: ListKind }) => void): () => void;
};
