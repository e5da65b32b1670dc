import { spread } from "../bench/spread.ts";
import { known, table } from "../bench/table.ts";
import type { Blow } from "./chaos.ts";
import type { Counted } from "./counted.ts";
import type { Cores } from "./gauges.ts";
import { judgedFromMs, type Level, type Levels, megabytes, type Moments } from "./memory.ts";
import type { Loss, Tally } from "./tally.ts";

/** What a whole run has shown. */
export type Summary = {
  loadMs: number;
  isInterrupted: boolean;
  seed: number;
  tally: Tally;
  blows: readonly Blow[];
  cores: Cores;
  levels: Levels;
  /** Bytes; what is after the load is of its last minute, or of another one. */
  residentByMinute: readonly number[];
  counted: Partial<Moments<Counted>>;
  /** What has grown that should not. */
  grown: readonly string[];
};

export const isGood = ({ tally, grown, isInterrupted }: Summary): boolean =>
  tally.losses().length === 0 && grown.length === 0 && !isInterrupted;

/** For people. */
export function summaryText(summary: Summary): string {
  const { loadMs, isInterrupted, seed, tally, blows, cores, levels, counted, grown } = summary;
  const { answers, p50Ms, p99Ms } = tally.total();
  const minutes = (loadMs / 60_000).toFixed(1);
  const perSecond = ((answers * 1000) / loadMs).toFixed(0);
  const isJudged = loadMs >= judgedFromMs;
  return [
    `${minutes} minutes with seed ${seed}${isInterrupted ? ", interrupted" : ""}: ${answers} calls, ${perSecond} a second, p50 ${known(p50Ms, 1)} ms, p99 ${known(p99Ms, 1)} ms`,
    `cores kept busy: ${cores.gateway.toFixed(2)} by the gateway, ${cores.load.toFixed(2)} by this program`,
    "",
    kinds(tally),
    `events heard: ${tally.figure("events")}; streams resumed: ${tally.figure("resumed")}; answers left on purpose: ${tally.figure("left on purpose")}`,
    `connections made anew for a session: ${tally.figure("reconnected")}; initialize tried again: ${tally.figure("initialized again")}`,
    reopenings(tally.reopenings()),
    `blows: ${blows.length}`,
    "",
    moments(levels, counted, isJudged),
    `resident memory minute by minute: ${summary.residentByMinute.map(megabytes).join(", ")}`,
    "",
    ...lossesShown(tally.losses()),
    ...grown.map((what) => `GROWN: ${what}`),
    conclusion(summary),
  ].join("\n");
}

function conclusion({ tally, grown, isInterrupted }: Summary): string {
  const lost = tally.losses().length;
  if (lost > 0 || grown.length > 0) return `${lost} lost, ${grown.length} grown`;
  return `nothing was lost, nothing has grown${isInterrupted ? ", up to the interruption" : ""}`;
}

const maxShown = 20;

/** All were told when they happened. */
function lossesShown(losses: readonly Loss[]): string[] {
  const lines = losses.slice(0, maxShown).map(({ atMs, what }) => `LOST at ${(atMs / 1000).toFixed(1)} s: ${what}`);
  return losses.length > maxShown ? [...lines, `and ${losses.length - maxShown} more`] : lines;
}

function kinds(tally: Tally): string {
  const rows = [...tally.counts()].map(([kind, { right, told, lost, ...count }]) => [
    kind,
    ...[right, told, count["in-flight"], lost].map(String),
  ]);
  return table([["what", "right", "told 404", "in flight", "lost"], ...rows]);
}

/** From each 404 on. */
function reopenings(afterMs: readonly number[]): string {
  const { median, high } = spread(afterMs);
  const times = afterMs.length > 0 ? `, after ${median.toFixed(0)} ms (median), ${high.toFixed(0)} ms at most` : "";
  return `sessions begun anew after their 404: ${afterMs.length}${times}`;
}

/** What the gateway held, as the system sees it and by its own count. */
function moments(levels: Levels, counted: Partial<Moments<Counted>>, isJudged: boolean): string {
  const row = (when: string, level: Level, count: Counted | undefined) => [
    when,
    megabytes(level.residentBytes),
    megabytes(level.proportionalBytes),
    count ? megabytes(count.heapBytes) : "-",
    `${level.descriptors}`,
    `${level.sockets}`,
    ...[count?.sessions, count?.openStreams, count?.upstreamConnections].map((of) => `${of ?? "-"}`),
  ];
  return table([
    ["the gateway", "resident", "Pss", "heap", "descriptors", "sockets", "sessions", "streams", "upstream connections"],
    row("before the load", levels.before, counted.before),
    row(isJudged ? "from 40 to 60 s" : "at half time (too short to judge)", levels.settled, counted.settled),
    row("at its end", levels.end, counted.end),
    row("idle after it", levels.idle, counted.idle),
  ]);
}
