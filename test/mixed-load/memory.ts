import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { residentBytes } from "../bench/proc.ts";

/** What the gateway's processes hold at a moment. */
export type Reading = {
  atMs: number;
  residentBytes: number;
  /** Pages that processes share count in parts (Pss). */
  proportionalBytes: number;
  descriptors: number;
  sockets: number;
};

export function readMemory(pids: readonly number[], atMs: number): Reading {
  const targets = pids.flatMap(descriptorsOf);
  return {
    atMs,
    residentBytes: residentBytes(pids),
    proportionalBytes: pids.reduce((total, pid) => total + proportionalOf(pid), 0),
    descriptors: targets.length,
    sockets: targets.filter((target) => target.startsWith("socket:")).length,
  };
}

/** Medians of some readings. */
export type Level = Omit<Reading, "atMs"> & { readings: number };

export function levelOf(readings: readonly Reading[]): Level {
  const median = (of: (reading: Reading) => number) =>
    readings.map(of).toSorted((a, b) => a - b)[Math.floor(readings.length / 2)] ?? Number.NaN;
  return {
    readings: readings.length,
    residentBytes: median((each) => each.residentBytes),
    proportionalBytes: median((each) => each.proportionalBytes),
    descriptors: median((each) => each.descriptors),
    sockets: median((each) => each.sockets),
  };
}

/** When it is looked at: before the load, at the end of its first minute, at its own end, and some time after it. */
export type Moments<Seen> = { before: Seen; settled: Seen; end: Seen; idle: Seen };
export type Levels = Moments<Level>;

/** Of the first minute and of the whole, the last part that is looked at. */
const windowMs = 20_000;
const settleMs = 60_000;
/** A load that is shorter tells nothing of memory: a runtime takes a minute to settle. */
export const judgedFromMs = 2 * settleMs;

/** When a load is taken for settled. */
export const settledAfterMs = (loadMs: number): number => (loadMs < judgedFromMs ? loadMs / 2 : settleMs);

/** `readings` during a load from 0 to `loadMs`. */
export function levelsDuring(readings: readonly Reading[], loadMs: number): Pick<Levels, "settled" | "end"> {
  const lastMs = Math.min(windowMs, loadMs / 4);
  const upTo = (untilMs: number) => levelOf(readings.filter(({ atMs }) => atMs >= untilMs - lastMs && atMs < untilMs));
  return { settled: upTo(settledAfterMs(loadMs)), end: upTo(loadMs) };
}

/** Memory moves by so much without a reason. */
const noise = 0.15;
/** Connections that are kept for the next request, and what replicas and the router have besides. */
const spareDescriptors = 40;

/** What has grown, in words; nothing of loads that are too short. */
export function grownIn({ before, settled, end, idle }: Levels, loadMs: number): string[] {
  const grown: string[] = [];
  if (idle.descriptors > before.descriptors + spareDescriptors)
    grown.push(`${idle.descriptors} descriptors are open after the load, ${before.descriptors} were before it`);
  if (loadMs < judgedFromMs) return grown;
  if (end.residentBytes > settled.residentBytes * (1 + noise))
    grown.push(`resident memory grew from ${megabytes(settled.residentBytes)} to ${megabytes(end.residentBytes)}`);
  if (idle.residentBytes > settled.residentBytes * (1 + noise))
    grown.push(`resident memory is ${megabytes(idle.residentBytes)} after the load`);
  if (end.descriptors > settled.descriptors * (1 + noise) + spareDescriptors)
    grown.push(`open descriptors grew from ${settled.descriptors} to ${end.descriptors}`);
  return grown;
}

export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;

/** Where each open descriptor leads. One that is closed meanwhile is none. */
function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${name}`)];
    } catch {
      return [];
    }
  });
}

const proportionalOf = (pid: number): number =>
  Number(/^Pss:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) * 1024;
