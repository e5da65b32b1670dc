import { passingName, policies } from "./adapters.ts";
import type { Blow } from "./chaos.ts";
import { replicaLedger } from "./ledger.ts";
import { policyBook } from "./policy-book.ts";
import { referee } from "./referee.ts";
import { lives } from "./replica-processes.ts";
import { blowsInWords } from "./report.ts";
import type { Stand } from "./stand.ts";
import { newTally } from "./tally.ts";
import type { World } from "./world.ts";

/** Of the blows so far, those that a loss is told with. */
const blowsShown = 3;

export function newWorld(
  stand: Pick<Stand, "family">,
  {
    blows,
    tell,
    ...rest
  }: Pick<World, "origin" | "random" | "over" | "now"> & { blows: () => readonly Blow[]; tell: (what: string) => void },
): World {
  const { now } = rest;
  const tally = newTally();
  let lastId = 10_000;

  function lose(what: string): void {
    tally.lost({ atMs: now(), what });
    tell(`LOST ${what}\n      chaos: ${blowsInWords(blows().slice(-blowsShown))}`);
  }

  const ledger = replicaLedger({
    lives,
    now,
    onUnasked: ({ adapter, name, pid }) => {
      // It ends when its adapter is deleted.
      if (!adapter.startsWith(passingName)) lose(`replica ${name} (pid ${pid}) ended, and nobody asked for that`);
    },
  });
  return {
    ...rest,
    tally,
    lose,
    ledger,
    referee: referee({ ledger, tally, now, lose }),
    policies: policyBook(policies[0].tools, now),
    nextId: () => ++lastId,
    findReplicas: () => ledger.meet(stand.family().replicas),
    streams: new Set(),
  };
}
