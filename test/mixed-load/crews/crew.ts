import { pause } from "../../../gateway/runtime/pause.ts";
import type { Random } from "../../data-plane/upstream/random.ts";
import type { World } from "../world.ts";

/** Clients of one kind. */
export type Crew = {
  readonly size: number;
  /** What the client of this number does until all is over. Calls `rest` before each call, so that all together keep the rate. */
  readonly client: (world: World, n: number, rest: () => Promise<void>) => Promise<void>;
  /** Of all of them together. */
  readonly callsPerSecond: number;
};

/** Resolves when all clients have ended. They begin one after the other within `rampMs`. */
export async function runCrew(world: World, crew: Crew, rampMs: number): Promise<void> {
  const everyMs = (1000 * crew.size) / crew.callsPerSecond;
  const rest = () => pause(restMs(world.random, everyMs), world.over);
  const clients = Array.from({ length: crew.size }, async (_, n) => {
    await pause((rampMs * n) / crew.size, world.over);
    if (!world.over.aborted) await crew.client(world, n, rest);
  });
  await Promise.all(clients);
}

/** Half as long up to half as long again. */
const restMs = (random: Random, meanMs: number) => meanMs * (0.5 + random.below(1000) / 1000);
