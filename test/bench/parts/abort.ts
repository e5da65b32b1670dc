import { type AbortFigures, type AbortPhase, abortPhases } from "../load/orders.ts";
import type { Options } from "../options.ts";
import { watchOthers } from "../others.ts";
import { say } from "../say.ts";
import { startStand } from "../stand.ts";
import { known, table } from "../table.ts";
import type { TargetName } from "../targets/target.ts";
import { portsOf } from "../upstreams.ts";
import type { Bench, Report } from "./part.ts";

export type AbortSample = { target: TargetName; phase: AbortPhase; figures: AbortFigures };

export type AbortRow = {
  target: TargetName;
  phase: AbortPhase;
  p50Ms: number;
  maxMs: number;
  /** Clients whose leaving no upstream had seen when we lost patience. */
  unseen: number;
};

/** How long it may take at most until an upstream sees that nobody listens any more. */
const abortGoalMs = 250;
const patienceMs = 5000;

/** Clients that leave before their answer is there, and how long upstreams work on for nobody. */
export async function abort({ options, place }: Bench): Promise<Report> {
  await using at = await place();
  await using stand = await startStand(at.site, options.targets);
  const othersCores = watchOthers();
  const samples: AbortSample[] = [];
  for (const { name, door, upstreams } of stand.targets) {
    for (const phase of abortPhases) {
      const firstId = 100_000 + samples.length * options.aborts;
      const ids = { firstId, times: options.aborts };
      const order = { door, phase, ...ids, timeoutMs: patienceMs, upstreamPorts: portsOf(upstreams) };
      samples.push({ target: name, phase, figures: await at.load.drive("aborts", order) });
      say(`abort ${phase}, ${name}`);
    }
  }
  return { ...reportAbort(samples, options), othersCores: othersCores() };
}

export function reportAbort(samples: readonly AbortSample[], { aborts }: Options): Report {
  const rows = samples.map(({ target, phase, figures: { seenAfterUs, unseen } }): AbortRow => {
    const sortedUs = seenAfterUs.toSorted((a, b) => a - b);
    const atUs = (i: number) => sortedUs[i] ?? Number.NaN;
    const p50Ms = atUs(Math.ceil(sortedUs.length / 2) - 1) / 1000;
    return { target, phase, p50Ms, maxMs: atUs(sortedUs.length - 1) / 1000, unseen };
  });
  const cells = rows.map((row) => [
    row.phase,
    row.target,
    known(row.p50Ms, 1),
    known(row.maxMs, 1),
    `${row.unseen}`,
    isMet(row) ? "yes" : "no",
  ]);
  const text = [
    `Abort: from a client's leaving to its upstream's seeing it, ${aborts} times each`,
    table([["client leaves", "target", "p50 ms", "max ms", "unseen", `within ${abortGoalMs} ms`], ...cells]),
  ].join("\n");
  return { text, rows, ratios: [], samples };
}

const isMet = ({ maxMs, unseen }: AbortRow) => unseen === 0 && maxMs <= abortGoalMs;
