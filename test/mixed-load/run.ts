import { pause } from "../../gateway/runtime/pause.ts";
import { randomOf } from "../data-plane/upstream/random.ts";
import { actsOn } from "./acts.ts";
import { wrongAfter } from "./aftermath.ts";
import { type Act, type Blow, unleashChaos } from "./chaos.ts";
import { runCrew } from "./crews/crew.ts";
import { crewsFor } from "./crews/crews.ts";
import { gaugesOf } from "./gauges.ts";
import { grownIn, settledAfterMs } from "./memory.ts";
import { newWorld } from "./new-world.ts";
import type { Options } from "./options.ts";
import { progressLine } from "./report.ts";
import type { Stand } from "./stand.ts";
import type { Summary } from "./summary.ts";
import type { World } from "./world.ts";

export type Load = Omit<Options, "guard"> & {
  /** Only these blows, in turn. */
  only?: readonly Act[];
  /** From the end of the load to the last look at memory. */
  idleSeconds: number;
};

const lookMs = 25;
const secondMs = 1000;
const progressMs = 10_000;
const rampMs = 5000;
/** A stream that carries an event each second is not silent for so long. */
const silenceMs = 10_000;
/** How long clients may take to come to their end. */
const endLimitMs = 45_000;

/** Puts a gateway under load. `origin`: where clients go. Comes to its end early when told to; rejects when the gateway ends. */
export async function run(
  stand: Stand,
  load: Load,
  { signal, say, origin = stand.origin }: { signal: AbortSignal; say: (line: string) => void; origin?: string },
): Promise<Summary> {
  const begunAt = performance.now();
  const now = () => performance.now() - begunAt;
  const tell = (what: string) => say(`${(now() / 1000).toFixed(1).padStart(7)} s  ${what}`);
  const loadMs = load.minutes * 60_000;
  const over = new AbortController();
  const blows: Blow[] = [];
  const random = randomOf(load.seed);
  const world = newWorld(stand, { origin, random, over: over.signal, now, blows: () => blows, tell });
  const gauges = gaugesOf({ gateway: () => stand.family().gateway, origin: stand.origin, now });
  gauges.read();
  await gauges.count("before");

  using timers = new DisposableStack();
  const every = (ms: number, look: () => void) => timers.adopt(setInterval(look, ms), clearInterval);
  every(lookMs, world.ledger.look);
  every(secondMs, () => {
    world.findReplicas();
    findSilence(world);
    gauges.read();
  });
  every(progressMs, () => {
    const recently = blows.filter(({ atMs }) => atMs > now() - progressMs);
    tell(progressLine(world, gauges.last(), recently, progressMs / 1000));
  });
  timers.adopt(
    setTimeout(() => void gauges.count("settled"), settledAfterMs(loadMs)),
    clearTimeout,
  );

  const ofChaos = randomOf(load.seed + 1);
  const striking = unleashChaos({
    acts: actsOn(stand, world, ofChaos, load.replicas),
    random: ofChaos,
    everyMs: load.chaosSeconds * 1000,
    only: load.only,
    signal: over.signal,
    now,
    struck(blow) {
      blows.push(blow);
      tell(blow.what);
    },
    failed: world.lose,
  });
  const working = Promise.all(crewsFor(load).map((crew) => runCrew(world, crew, Math.min(rampMs, loadMs / 6))));
  // A client that throws ends the run, as a gateway does that ends.
  await Promise.race([pause(loadMs, signal), working, striking, stand.alive]);
  const endedMs = now();
  const cores = gauges.cores();
  await gauges.count("end");

  over.abort();
  await endOf([working, striking, stand.alive], world);
  if (!signal.aborted) for (const wrong of await wrongAfter(stand)) world.lose(wrong);
  await pause(load.idleSeconds * 1000, signal);
  gauges.read();
  await gauges.count("idle");
  const levels = gauges.levels(endedMs);
  return {
    loadMs: endedMs,
    isInterrupted: signal.aborted,
    seed: load.seed,
    tally: world.tally,
    blows,
    cores,
    levels,
    residentByMinute: gauges.byMinute(),
    counted: gauges.counted(),
    grown: signal.aborted ? [] : grownIn(levels, endedMs),
  };
}

/** Waits for the first two; rejects with any of them. */
async function endOf(
  [working, striking, alive]: [Promise<unknown>, Promise<unknown>, Promise<void>],
  { lose }: World,
): Promise<void> {
  const ended = new AbortController();
  const late = pause(endLimitMs, ended.signal).then(() => {
    if (!ended.signal.aborted) lose(`clients did not come to their end within ${endLimitMs / 1000} s`);
  });
  await Promise.race([Promise.all([working, striking]), late, alive]).finally(() => ended.abort());
}

/** Says it once for each stream. */
function findSilence({ streams, now, lose }: World): void {
  for (const stream of streams) {
    if (!stream.isTicking || now() - stream.heardMs < silenceMs) continue;
    lose(`event, ${stream.what}: silent for ${silenceMs / 1000} s`);
    stream.heardMs = Number.POSITIVE_INFINITY;
  }
}
