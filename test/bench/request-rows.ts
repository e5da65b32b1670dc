import { isCompared, isKnown, type Ratio } from "./ratio.ts";
import type { RequestSample, Work } from "./rounds.ts";
import { type Spread, spread } from "./spread.ts";
import type { TargetName } from "./targets/target.ts";

export type RequestRow<Name = TargetName> = {
  work: Work;
  target: Name;
  cpuUsPerRequest: Spread;
  requestsPerCpuSecond: Spread;
  requestsPerSecond: Spread;
  p50Ms: Spread;
  p99Ms: Spread;
  /** Share of its core the proxy used, 0..1. Well below 1: the load generator and the upstreams set the pace. */
  busy: Spread;
  /** Connections that upstreams accepted, per request. */
  connectsPerRequest: Spread;
  failed: number;
};

/** One row per work and target, in the order they were first measured. A target without a proxy has NaN for CPU. */
export function requestRows<Name>(samples: readonly RequestSample<Name>[]): RequestRow<Name>[] {
  const works = [...Map.groupBy(samples, ({ work }) => work.name).values()];
  const groups = works.flatMap((ofWork) => [...Map.groupBy(ofWork, ({ target }) => target).values()]);
  return groups.flatMap((group): RequestRow<Name>[] => {
    const [first] = group;
    if (first === undefined) return [];
    const over = (of: (sample: RequestSample<Name>) => number) => spread(group.map(of));
    return [
      {
        work: first.work,
        target: first.target,
        cpuUsPerRequest: over(cpuUsPerRequest),
        requestsPerCpuSecond: over((sample) => 1e6 / cpuUsPerRequest(sample)),
        requestsPerSecond: over(requestsPerSecond),
        p50Ms: over(({ figures }) => figures.p50Us / 1000),
        p99Ms: over(({ figures }) => figures.p99Us / 1000),
        busy: over(({ figures }) => unlessNone(figures.proxyCpuUs) / 1e6 / figures.seconds),
        connectsPerRequest: over(({ figures }) => figures.upstreamConnects / figures.requests),
        failed: group.reduce((total, { figures }) => total + figures.failed, 0),
      },
    ];
  });
}

/** Each round's figure over nginx's of the same round, so that what slowed a whole round cancels out. */
export function requestRatios(samples: readonly RequestSample[]): Ratio[] {
  return requestRows(samples).flatMap(({ target, work }) => {
    if (!isCompared(target)) return [];
    const to = (figure: string, of: (sample: RequestSample) => number): Ratio => ({
      target,
      work: work.name,
      figure,
      toNginx: spread(ratiosByRound(samples, target, work, of)),
    });
    return [
      to("requests per CPU-second", (sample) => 1 / cpuUsPerRequest(sample)),
      to("requests per second", requestsPerSecond),
      to("p50", ({ figures }) => figures.p50Us),
      to("p99", ({ figures }) => figures.p99Us),
    ].filter(isKnown);
  });
}

/** Without rounds that nginx was not in. */
function ratiosByRound(
  samples: readonly RequestSample[],
  target: TargetName,
  work: Work,
  of: (sample: RequestSample) => number,
): number[] {
  const ofWork = samples.filter((sample) => sample.work.name === work.name);
  return ofWork.flatMap((sample) => {
    if (sample.target !== target) return [];
    const nginx = ofWork.find((other) => other.target === "nginx" && other.round === sample.round);
    return nginx ? [of(sample) / of(nginx)] : [];
  });
}

const cpuUsPerRequest = <Name>({ figures }: RequestSample<Name>) => unlessNone(figures.proxyCpuUs) / figures.requests;
const requestsPerSecond = <Name>({ figures }: RequestSample<Name>) => figures.requests / figures.seconds;
/** Below a tick of the kernel's clock, nothing is known. */
export const unlessNone = (value: number): number => (value === 0 ? Number.NaN : value);
