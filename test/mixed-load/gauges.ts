import { cpuUs } from "../bench/proc.ts";
import { type Counted, countedBy } from "./counted.ts";
import { levelOf, levelsDuring, type Levels, type Moments, type Reading, readMemory } from "./memory.ts";

/** How many cores each kept busy. */
export type Cores = { gateway: number; load: number };

export type Gauges = ReturnType<typeof gaugesOf>;

/** Of the idle time, the last part in which memory counts. */
const idleWindowMs = 5000;

/** What the gateway's processes use and count, and what this one uses. `gateway`: their ids now. */
export function gaugesOf({
  gateway,
  origin,
  now,
}: {
  gateway: () => readonly number[];
  origin: string;
  now: () => number;
}) {
  const readings: Reading[] = [];
  const counted: Partial<Moments<Counted>> = {};
  const begin = used();

  function used() {
    const { user, system } = process.cpuUsage();
    return { atMs: now(), gateway: cpuUs(gateway()), load: user + system };
  }

  return {
    /** A reading, often. Where a process ends meanwhile there is none. */
    read(): void {
      try {
        readings.push(readMemory(gateway(), now()));
      } catch {
        // The next one tells more.
      }
    },

    /** Asks the gateway what it counts at this moment. That it has gone is told otherwise. */
    async count(moment: keyof Moments<Counted>): Promise<void> {
      const seen = await countedBy(origin).catch(() => undefined);
      if (seen) counted[moment] = seen;
    },

    last: (): Reading | undefined => readings.at(-1),
    counted: (): Partial<Moments<Counted>> => counted,

    /** Since the beginning. */
    cores(): Cores {
      const end = used();
      const share = (of: "gateway" | "load") => (end[of] - begin[of]) / 1000 / (end.atMs - begin.atMs);
      return { gateway: share("gateway"), load: share("load") };
    },

    /** Medians of resident memory, for each minute. */
    byMinute(): number[] {
      const minutes = Map.groupBy(readings, ({ atMs }) => Math.floor(atMs / 60_000));
      return [...minutes.values()].map((each) => levelOf(each).residentBytes);
    },

    /** The load went from 0 to `loadMs`. */
    levels(loadMs: number): Levels {
      const idleFromMs = Math.max(loadMs, now() - idleWindowMs);
      return {
        before: levelOf(readings.slice(0, 1)),
        ...levelsDuring(readings, loadMs),
        idle: levelOf(readings.filter(({ atMs }) => atMs >= idleFromMs)),
      };
    },
  };
}
