import type { RequestSample, StreamSample } from "./rounds.ts";
import { type Spread, spread } from "./spread.ts";
import type { TargetName } from "./targets/target.ts";
import type { Shape } from "./wire.ts";

export type RequestRow = {
  shape: Shape;
  target: TargetName;
  cpuUsPerRequest: Spread;
  requestsPerCpuSecond: Spread;
  requestsPerSecond: Spread;
  p50Ms: Spread;
  p99Ms: Spread;
  /** Share of its core the proxy used, 0..1. Well below 1: the load generator and the upstreams set the pace. */
  busy: Spread;
  failed: number;
};

export type StreamRow = {
  target: TargetName;
  streams: number;
  kilobytesPerStream: number;
  megabytes: number;
  cpuUsPerEvent: number;
  delayP50Ms: number;
  delayP99Ms: number;
  eventsPerSecond: number;
  cut: number;
  lost: number;
  leftUpstream: number;
};

/** How a target compares with nginx in one figure. */
export type Ratio = { target: TargetName; figure: string; toNginx: Spread };

/** One row per shape and target, in the order they were first measured. A target without a proxy has NaN for CPU. */
export function requestRows(samples: readonly RequestSample[]): RequestRow[] {
  const groups = Object.values(Object.groupBy(samples, ({ shape, target }) => `${shape} ${target}`));
  const rows = groups.flatMap((group = []): RequestRow[] => {
    const [first] = group;
    if (first === undefined) return [];
    const over = (of: (sample: RequestSample) => number) => spread(group.map(of));
    return [
      {
        shape: first.shape,
        target: first.target,
        cpuUsPerRequest: over(cpuUsPerRequest),
        requestsPerCpuSecond: over((sample) => 1e6 / cpuUsPerRequest(sample)),
        requestsPerSecond: over(requestsPerSecond),
        p50Ms: over(({ figures }) => figures.p50Us / 1000),
        p99Ms: over(({ figures }) => figures.p99Us / 1000),
        busy: over(({ figures }) => unlessNone(figures.proxyCpuUs) / 1e6 / figures.seconds),
        failed: group.reduce((total, { figures }) => total + figures.failed, 0),
      },
    ];
  });
  return rows.toSorted((a, b) => a.shape.localeCompare(b.shape));
}

export const streamRows = (samples: readonly StreamSample[]): StreamRow[] =>
  samples.map(({ target, figures, leftUpstream }) => ({
    target,
    streams: figures.streams,
    kilobytesPerStream: target === "direct" ? Number.NaN : figures.proxyGrowthBytes / 1024 / figures.streams,
    megabytes: unlessNone(figures.proxyResidentBytes) / 2 ** 20,
    cpuUsPerEvent: unlessNone(figures.proxyCpuUs) / figures.events,
    delayP50Ms: figures.delayP50Us / 1000,
    delayP99Ms: figures.delayP99Us / 1000,
    eventsPerSecond: figures.events / figures.seconds,
    cut: figures.cut,
    lost: figures.lost,
    leftUpstream,
  }));

/** Each round's figure over nginx's of the same round, so that what slowed a whole round cancels out. */
export function requestRatios(samples: readonly RequestSample[]): Ratio[] {
  return requestRows(samples).flatMap(({ target, shape }) => {
    if (!isCompared(target)) return [];
    const to = (figure: string, of: (sample: RequestSample) => number): Ratio => ({
      target,
      figure: `${shape} ${figure}`,
      toNginx: spread(
        samples
          .filter((sample) => sample.target === target && sample.shape === shape)
          .flatMap((sample) => {
            const nginx = samples.find(
              (other) => other.target === "nginx" && other.shape === shape && other.round === sample.round,
            );
            return nginx ? [of(sample) / of(nginx)] : [];
          }),
      ),
    });
    return [
      to("requests per CPU-second", (sample) => 1 / cpuUsPerRequest(sample)),
      to("requests per second", requestsPerSecond),
      to("p50", ({ figures }) => figures.p50Us),
      to("p99", ({ figures }) => figures.p99Us),
    ].filter(isKnown);
  });
}

export function streamRatios(samples: readonly StreamSample[]): Ratio[] {
  const rows = streamRows(samples);
  const nginx = rows.find(({ target }) => target === "nginx");
  if (nginx === undefined) return [];
  return rows
    .filter(({ target }) => isCompared(target))
    .flatMap((row) => {
      const to = (figure: string, of: (row: StreamRow) => number): Ratio => ({
        target: row.target,
        figure,
        toNginx: spread([of(row) / of(nginx)]),
      });
      return [
        to("memory per stream", ({ kilobytesPerStream }) => kilobytesPerStream),
        to("CPU per event", ({ cpuUsPerEvent }) => cpuUsPerEvent),
        to("delay p50", ({ delayP50Ms }) => delayP50Ms),
        to("delay p99", ({ delayP99Ms }) => delayP99Ms),
      ].filter(isKnown);
    });
}

const cpuUsPerRequest = ({ figures }: RequestSample) => unlessNone(figures.proxyCpuUs) / figures.requests;
const requestsPerSecond = ({ figures }: RequestSample) => figures.requests / figures.seconds;
const unlessNone = (value: number) => (value === 0 ? Number.NaN : value);
/** What is compared: nginx is the measure, and direct is no proxy. */
const isCompared = (target: TargetName) => target !== "direct" && target !== "nginx";
const isKnown = ({ toNginx }: Ratio) => Number.isFinite(toNginx.median);
