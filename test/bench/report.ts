import type { Options } from "./options.ts";
import type { RequestSample, StreamSample } from "./rounds.ts";
import { show, type Spread } from "./spread.ts";
import { type Ratio, requestRatios, requestRows, streamRatios, streamRows } from "./summary.ts";
import { answerBytes, callBytes } from "./wire.ts";

/** As text for people, and in figures. `othersCores`: how much of the machine was not ours meanwhile. */
export function reportRequests(samples: readonly RequestSample[], options: Options, othersCores: number) {
  const rows = requestRows(samples);
  const ratios = requestRatios(samples);
  const { connections, rounds, seconds } = options;
  const cells = rows.map((row) => [
    row.shape,
    row.target,
    show(row.cpuUsPerRequest, 1),
    show(row.requestsPerCpuSecond, 0),
    show(row.requestsPerSecond, 0),
    show(row.p50Ms, 2),
    show(row.p99Ms, 2),
    show(percent(row.busy), 0),
    `${row.failed}`,
  ]);
  const head = ["answer", "target", "CPU us/request", "requests/CPU-s", "requests/s", "p50 ms", "p99 ms", "busy %"];
  const text = [
    `Requests: ${callBytes} B to ${answerBytes} B, ${connections} connections, ${rounds} rounds of ${seconds} s; median (lowest-highest)`,
    table([[...head, "failed"], ...cells]),
    ...ratios.map(ratioLine),
    othersLine(othersCores),
  ].join("\n");
  return { text, samples, rows, ratios, othersCores };
}

export function reportStreams(samples: readonly StreamSample[], options: Options, othersCores: number) {
  const rows = streamRows(samples);
  const ratios = streamRatios(samples);
  const cells = rows.map((row) => [
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
  const head = ["target", "KB/stream", "MB", "CPU us/event", "delay p50 ms", "delay p99 ms", "events/s", "cut", "lost"];
  const text = [
    `Streams: ${options.streams} open, one event a second each, ${options.streamSeconds} s`,
    table([[...head, "left upstream"], ...cells]),
    ...ratios.map(ratioLine),
    othersLine(othersCores),
  ].join("\n");
  return { text, samples, rows, ratios, othersCores };
}

const known = (value: number, digits: number) => (Number.isNaN(value) ? "-" : value.toFixed(digits));
const percent = ({ median, low, high }: Spread): Spread => ({ median: median * 100, low: low * 100, high: high * 100 });
const ratioLine = ({ target, figure, toNginx }: Ratio) => `${target} / nginx, ${figure}: ${show(toNginx, 2)}`;
const othersLine = (cores: number) => `\nOther processes kept ${cores.toFixed(2)} cores busy meanwhile.`;

/** Columns as wide as their widest cell; words to the left, numbers to the right. */
function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isWord = (column: number) => rows.slice(1).every((row) => /^[a-z]/.test(row[column] ?? ""));
  const pad = (cell: string, i: number) => (isWord(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0));
  return `${rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n")}\n`;
}
