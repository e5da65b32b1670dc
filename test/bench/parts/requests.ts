import type { Options } from "../options.ts";
import { watchOthers } from "../others.ts";
import { ratioTable } from "../ratio.ts";
import { requestRatios, requestRows } from "../request-rows.ts";
import { measureRounds, type RequestSample, type Work } from "../rounds.ts";
import { show, type Spread } from "../spread.ts";
import { startStand } from "../stand.ts";
import { table } from "../table.ts";
import { answerBytes, callBytes } from "../wire.ts";
import type { Bench, Report } from "./part.ts";

/** Short calls in sessions that keep their connection, at each number of connections, answered as JSON and as an event. */
export async function requests({ options, place }: Bench): Promise<Report> {
  await using at = await place();
  await using stand = await startStand(at.site, options.targets);
  const othersCores = watchOthers();
  const samples = await measureRounds(at.load, stand.targets, worksOf(options), options);
  return { ...reportRequests(samples, options), othersCores: othersCores() };
}

const worksOf = ({ connections }: Options): Work[] =>
  connections.flatMap((count) =>
    (["json", "sse"] as const).map((shape) => ({
      name: `${shape}, ${count} ${count === 1 ? "connection" : "connections"}`,
      shape,
      connections: count,
      kind: "requests" as const,
    })),
  );

export function reportRequests(samples: readonly RequestSample[], { rounds, seconds }: Options): Report {
  const rows = requestRows(samples).toSorted(
    (a, b) => a.work.shape.localeCompare(b.work.shape) || a.work.connections - b.work.connections,
  );
  const ratios = requestRatios(samples);
  const cells = rows.map((row) => [
    row.work.shape,
    `${row.work.connections}`,
    row.target,
    show(row.cpuUsPerRequest, 1),
    show(row.requestsPerCpuSecond, 0),
    show(row.requestsPerSecond, 0),
    show(row.p50Ms, 2),
    show(row.p99Ms, 2),
    show(percent(row.busy), 0),
    row.connectsPerRequest.median.toFixed(3),
    `${row.failed}`,
  ]);
  const text = [
    `Requests: ${callBytes} B to ${answerBytes} B, ${rounds} rounds of ${seconds} s; median (lowest-highest)`,
    table([head, ...cells]),
    ratioTable(ratios),
  ].join("\n");
  return { text, rows, ratios, samples };
}

const head = [
  ...["answer", "connections", "target", "CPU us/request", "requests/CPU-s", "requests/s", "p50 ms", "p99 ms"],
  ...["busy %", "connects/request", "failed"],
];

const percent = ({ median, low, high }: Spread): Spread => ({ median: median * 100, low: low * 100, high: high * 100 });
