import type { Cores } from "../children.ts";
import type { Door } from "../load/orders.ts";
import type { Upstream } from "../upstreams.ts";

export const targetNames = ["direct", "nginx", "haproxy", "fetch", "quiet", "gateway", "guarded"] as const;
export type TargetName = (typeof targetNames)[number];

/** One way to the upstreams, running. */
export type Target = AsyncDisposable & {
  name: TargetName;
  door: Door;
  /** The processes whose CPU time and memory are the proxy's. */
  pids: readonly number[];
  /** Where it leads, if not where all others do. */
  upstreams?: readonly Upstream[];
};

/** What it takes to start one. */
export type Site = {
  cores: Cores;
  /** For configuration, logs and state; taken away at the end. */
  folder: string;
  signal: AbortSignal;
  /** Open connections each proxy must be able to hold on its client side. */
  connections: number;
};

export const upstreamPath = "/mcp";
