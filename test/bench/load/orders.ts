import type { Shape } from "../wire.ts";

/** Where a target takes MCP requests. Connections are dealt out over the origins in turn. */
export type Door = { origins: readonly string[]; path: string };

export type RequestOrder = {
  door: Door;
  shape: Shape;
  connections: number;
  warmupMs: number;
  measureMs: number;
  /** Processes whose CPU time is counted while measuring; none for no proxy. */
  proxyPids: readonly number[];
};

export type RequestFigures = {
  requests: number;
  seconds: number;
  /** CPU microseconds the proxy used meanwhile. */
  proxyCpuUs: number;
  p50Us: number;
  p99Us: number;
  /** Answers that were not the expected 200, of another replica or of another request included, and connections lost. */
  failed: number;
};

export type StreamOrder = {
  door: Door;
  streams: number;
  /** From the last stream opened to the first event counted: opening costs far more than holding. */
  warmupMs: number;
  measureMs: number;
  proxyPids: readonly number[];
};

export type StreamFigures = {
  streams: number;
  events: number;
  seconds: number;
  proxyCpuUs: number;
  /** How far the proxy's resident memory grew from before the first stream to the end, all streams still open. */
  proxyGrowthBytes: number;
  /** What it was then in all. */
  proxyResidentBytes: number;
  delayP50Us: number;
  delayP99Us: number;
  /** Streams that ended before we ended them. */
  cut: number;
  /** Events that never came or came out of order. */
  lost: number;
};

/** What the load process can be asked to do, and what it answers. */
export type Work = {
  requests: { order: RequestOrder; figures: RequestFigures };
  streams: { order: StreamOrder; figures: StreamFigures };
};
export type Question = { [K in keyof Work]: { kind: K; order: Work[K]["order"] } }[keyof Work];
export type Reply = { state: "done"; figures: unknown } | { state: "failed"; reason: string };
