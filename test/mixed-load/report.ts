import { known } from "../bench/table.ts";
import type { Blow } from "./chaos.ts";
import { megabytes, type Reading } from "./memory.ts";
import type { World } from "./world.ts";

/** A line of what went on since the last one. */
export function progressLine(
  { tally, streams }: Pick<World, "tally" | "streams">,
  reading: Reading | undefined,
  blows: readonly Blow[],
  seconds: number,
): string {
  const { answers, p50Ms, p99Ms } = tally.lately();
  const rate = (answers / seconds).toFixed(0).padStart(4);
  const times = `p50 ${known(p50Ms, 1)} p99 ${known(p99Ms, 1)} ms`;
  const memory = reading ? `${megabytes(reading.residentBytes)}, ${reading.sockets} sockets` : "unknown memory";
  return `${rate} calls/s  ${times}  ${streams.size} streams  ${memory}  ${tally.losses().length} lost  ${blowsInWords(blows)}`;
}

export function blowsInWords(blows: readonly Blow[]): string {
  return blows.map(({ atMs, what }) => `${(atMs / 1000).toFixed(1)} s ${what}`).join("; ") || "none";
}
