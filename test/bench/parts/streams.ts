import type { StreamFigures } from "../load/orders.ts";
import type { Options } from "../options.ts";
import { watchOthers } from "../others.ts";
import { isCompared, isKnown, type Ratio, ratioTable } from "../ratio.ts";
import { unlessNone } from "../request-rows.ts";
import { warm, type Work } from "../rounds.ts";
import { say } from "../say.ts";
import { spread } from "../spread.ts";
import { startStand } from "../stand.ts";
import { known, table } from "../table.ts";
import type { TargetName } from "../targets/target.ts";
import { streamsLeft } from "../upstreams.ts";
import type { Bench, Report } from "./part.ts";

export type StreamSample = {
  target: TargetName;
  figures: StreamFigures;
  /** Streams that upstreams still held some seconds after all clients had left. */
  leftUpstream: number;
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

/** Sessions that hold a stream open, at each number of streams. */
export async function streams(bench: Bench): Promise<Report> {
  const samples: StreamSample[] = [];
  let othersCores = 0;
  for (const count of bench.options.streams) {
    const measured = await measureStreams(bench, count);
    samples.push(...measured.samples);
    othersCores = Math.max(othersCores, measured.othersCores);
  }
  return { ...reportStreams(samples, bench.options), othersCores };
}

/** One target after the other, all of them fresh: memory that fewer streams took before would hide what more of them take. */
async function measureStreams({ options, signal, place }: Bench, count: number) {
  await using at = await place();
  await using stand = await startStand(at.site, options.targets);
  const othersCores = watchOthers();
  const samples: StreamSample[] = [];
  for (const target of stand.targets) {
    const { name, door, pids, upstreams } = target;
    await warm(at.load, target, warmup, options);
    const figures = await at.load.drive("streams", {
      door,
      streams: count,
      warmupMs: options.warmupSeconds * 1000,
      measureMs: options.streamSeconds * 1000,
      proxyPids: pids,
    });
    samples.push({ target: name, figures, leftUpstream: await streamsLeft(upstreams, signal) });
    say(`${count} streams, ${name}: ${figures.events} events`);
  }
  return { samples, othersCores: othersCores() };
}

const warmup: Work = { name: "warm-up", shape: "json", connections: 64, kind: "requests" };

export function reportStreams(samples: readonly StreamSample[], { streamSeconds }: Options): Report {
  const rows = streamRows(samples);
  const ratios = streamRatios(rows);
  const cells = rows.map((row) => [
    `${row.streams}`,
    row.target,
    known(row.kilobytesPerStream, 1),
    known(row.megabytes, 0),
    known(row.cpuUsPerEvent, 1),
    known(row.delayP50Ms, 2),
    known(row.delayP99Ms, 2),
    known(row.eventsPerSecond, 0),
    `${row.cut}`,
    `${row.lost}`,
    `${row.leftUpstream}`,
  ]);
  const text = [
    `Streams: one event a second each, ${streamSeconds} s`,
    table([head, ...cells]),
    ratioTable(ratios),
  ].join("\n");
  return { text, rows, ratios, samples };
}

const head = [
  ...["streams", "target", "KB/stream", "MB", "CPU us/event", "delay p50 ms", "delay p99 ms", "events/s", "cut"],
  ...["lost", "left upstream"],
];

const streamRows = (samples: readonly StreamSample[]): StreamRow[] =>
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

const streamRatios = (rows: readonly StreamRow[]): Ratio[] =>
  rows.flatMap((row) => {
    const nginx = rows.find(({ target, streams }) => target === "nginx" && streams === row.streams);
    if (nginx === undefined || !isCompared(row.target)) return [];
    const to = (figure: string, of: (row: StreamRow) => number): Ratio => ({
      target: row.target,
      work: `${row.streams} streams`,
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
