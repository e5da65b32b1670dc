import type { Load } from "./load/client.ts";
import type { RequestFigures } from "./load/orders.ts";
import type { Options } from "./options.ts";
import { say } from "./say.ts";
import { portsOf } from "./upstreams.ts";
import type { Measured } from "./stand.ts";
import type { TargetName } from "./targets/target.ts";
import type { Shape } from "./wire.ts";

/** One kind of load. */
export type Work = {
  /** In words; no two in one part have the same. */
  name: string;
  shape: Shape;
  connections: number;
  /** `churn`: a new connection for each call. */
  kind: "requests" | "churn";
};

export type RequestSample<Name = TargetName> = { target: Name; work: Work; round: number; figures: RequestFigures };

/** What can be measured so: a target, under whatever name. */
export type Named<Name> = Pick<Measured, "door" | "pids" | "upstreams"> & { name: Name };

/** Every target in every round, so that whatever else the machine does meets all alike; each round begins with another target. */
export async function measureRounds<Name>(
  load: Load,
  targets: readonly Named<Name>[],
  works: readonly Work[],
  options: Options,
): Promise<RequestSample<Name>[]> {
  const samples: RequestSample<Name>[] = [];
  const warmupMs = options.warmupSeconds * 1000;
  for (const target of targets) {
    for (const work of onePerShape(works)) await warm(load, target, work, options, firstWarmupFactor);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const work of works) {
      for (const target of rotated(targets, round)) {
        const timing = { warmupMs, measureMs: options.seconds * 1000 };
        const figures = await load.drive(work.kind, { ...orderOf(target, work), ...timing });
        samples.push({ target: target.name, work, round, figures });
        const perSecond = Math.round(figures.requests / figures.seconds);
        say(`round ${round + 1}, ${work.name}, ${target.name}: ${perSecond} requests/s`);
      }
    }
  }
  return samples;
}

/** Without measuring anything. */
export async function warm<Name>(load: Load, target: Named<Name>, work: Work, options: Options, factor = 1) {
  const measureMs = options.warmupSeconds * 1000 * factor;
  await load.drive(work.kind, { ...orderOf(target, work), warmupMs: 0, measureMs });
}

/** Runtimes compile what they see often, some of it after 100,000 requests: a process begins slower than it goes on. */
const firstWarmupFactor = 12;

const orderOf = <Name>({ door, pids, upstreams }: Named<Name>, { shape, connections }: Work) => ({
  door,
  shape,
  connections,
  proxyPids: pids,
  upstreamPorts: portsOf(upstreams),
});

/** The widest of each, which warms the narrower up, too. */
function onePerShape(works: readonly Work[]): Work[] {
  const byShape = Map.groupBy(works, ({ shape }) => shape);
  return [...byShape.values()].flatMap((all) => all.toSorted((a, b) => b.connections - a.connections).slice(0, 1));
}

const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length] as T);
