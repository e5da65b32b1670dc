import { pause } from "../../gateway/runtime/pause.ts";
import type { Random } from "../data-plane/upstream/random.ts";

/** What can be done to a gateway under load. Each says in words what it did; what must not fail, throws. */
export type Acts = Readonly<Record<Act, () => Promise<string>>>;
export type Act = "kill" | "scale" | "describe" | "policy" | "passing";

/** Of each round, in a new order each time. */
const round: readonly Act[] = ["kill", "kill", "scale", "scale", "describe", "policy", "passing"];

export type Blow = { atMs: number; what: string };

/**
 * Strikes every `everyMs`, a quarter sooner or later, until `signal` fires; one blow at a time. The same seed draws the same blows.
 * Resolves when no more will come.
 */
export async function unleashChaos({
  acts,
  random,
  everyMs,
  only,
  signal,
  now,
  struck,
  failed,
}: {
  acts: Acts;
  random: Random;
  everyMs: number;
  /** These in turn. */
  only?: readonly Act[] | undefined;
  signal: AbortSignal;
  now: () => number;
  struck: (blow: Blow) => void;
  /** What is done over REST must not fail. */
  failed: (what: string) => void;
}): Promise<void> {
  const next = only ? inTurn(only) : byRounds(round, random);
  for (;;) {
    await pause(everyMs * (0.75 + random.below(1000) / 2000), signal);
    if (signal.aborted) return;
    const act = next();
    const atMs = now();
    await acts[act]().then(
      (what) => struck({ atMs, what }),
      (error: unknown) => failed(`${act}: ${error instanceof Error ? error.message : String(error)}`),
    );
  }
}

/** Each of a round once, before one comes again. */
export function byRounds<Value>(values: readonly Value[], random: Random): () => Value {
  let left: Value[] = [];
  return () => {
    if (left.length === 0) left = [...values];
    const [drawn] = left.splice(random.below(left.length), 1);
    return drawn as Value;
  };
}

function inTurn<Value>(values: readonly Value[]): () => Value {
  let at = 0;
  return () => values[at++ % values.length] as Value;
}
