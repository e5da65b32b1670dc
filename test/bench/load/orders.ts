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
  /** Upstreams whose accepted connections are counted while measuring. */
  upstreamPorts: readonly number[];
};

export type RequestFigures = {
  requests: number;
  seconds: number;
  /** CPU microseconds the proxy used meanwhile. */
  proxyCpuUs: number;
  p50Us: number;
  p99Us: number;
  /** Connections that upstreams accepted meanwhile. */
  upstreamConnects: number;
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

/** Where a request is when its client leaves. */
export const abortPhases = ["before the head", "mid-body", "silent stream"] as const;
export type AbortPhase = (typeof abortPhases)[number];

export type AbortOrder = {
  door: Door;
  phase: AbortPhase;
  times: number;
  /** JSON-RPC id of the first request; no other order may have it or the ids that follow. */
  firstId: number;
  /** How long an upstream has to see a client leave. */
  timeoutMs: number;
  upstreamPorts: readonly number[];
};

export type AbortFigures = {
  /** From each client's leaving to the upstream's seeing it, those that were never seen aside. */
  seenAfterUs: number[];
  /** How many were not seen in time. */
  unseen: number;
};

export type RecoveryOrder = {
  door: Door;
  /** Sessions that call a tool, one call after the other. */
  sessions: number;
  /** Before the kill. */
  warmupMs: number;
  /** After it. */
  watchMs: number;
  /** The replica to kill. */
  victimPid: number;
};

/** How often each status came, `no answer` included. */
export type Errors = Record<string, number>;

export type RecoveryFigures = {
  /** Sessions the victim had. */
  lostSessions: number;
  /** For each of these that was told so while we watched: milliseconds from the kill to its first 404. */
  toldAfterMs: number[];
  /** What these were answered since the kill, their 404s included. */
  lostErrors: Errors;
  otherSessions: number;
  /** Calls of these since the kill. */
  otherCalls: number;
  /** What they got that was not a right answer of the replica they are on. */
  otherErrors: Errors;
  /** Sessions begun since the kill, one after the other. */
  initializes: number;
  initializeErrors: Errors;
  /** From the kill to the end of the last initialize that failed; 0: none did. */
  initializesWellAfterMs: number;
};

/** What the load process can be asked to do, and what it answers. `churn`: as `requests`, with a connection for each call. */
export type Work = {
  requests: { order: RequestOrder; figures: RequestFigures };
  churn: { order: RequestOrder; figures: RequestFigures };
  streams: { order: StreamOrder; figures: StreamFigures };
  aborts: { order: AbortOrder; figures: AbortFigures };
  recovery: { order: RecoveryOrder; figures: RecoveryFigures };
};
export type Question = { [K in keyof Work]: { kind: K; order: Work[K]["order"] } }[keyof Work];
export type Reply = { state: "done"; figures: unknown } | { state: "failed"; reason: string };
