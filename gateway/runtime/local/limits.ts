/** Every bound of the laptop runtime. Times are milliseconds. */
export type LocalLimits = {
  readonly replicasPerWorkload: number;
  /** A replica that has not answered by then is ended and started again. */
  readonly startMs: number;
  /** Pause between two readiness probes: begins here, doubles up to the cap. */
  readonly probeFirstMs: number;
  readonly probeCapMs: number;
  /** One probe gives up after this long. */
  readonly probeTimeoutMs: number;
  /** Pause before a replica is started again: begins here, doubles up to the cap. */
  readonly restartFirstMs: number;
  readonly restartCapMs: number;
  /** A replica that was ready this long begins again with the first pause. */
  readonly stableMs: number;
  /** How long a draining replica keeps its MCP sessions before it is told to end. */
  readonly drainMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** What is kept of one instance's output. */
  readonly logLines: number;
  readonly logLineLength: number;
  readonly logLength: number;
};

export const laptopLimits: LocalLimits = {
  replicasPerWorkload: 64,
  startMs: 60_000,
  probeFirstMs: 20,
  probeCapMs: 1_000,
  probeTimeoutMs: 5_000,
  restartFirstMs: 500,
  restartCapMs: 30_000,
  stableMs: 60_000,
  drainMs: 5_000,
  graceMs: 10_000,
  logLines: 2_000,
  logLineLength: 16_384,
  logLength: 2_097_152,
};
