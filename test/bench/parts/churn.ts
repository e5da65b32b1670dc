import type { Options } from "../options.ts";
import { watchOthers } from "../others.ts";
import { ratioTable } from "../ratio.ts";
import { requestRatios, type RequestRow, requestRows } from "../request-rows.ts";
import { measureRounds, type RequestSample, type Work } from "../rounds.ts";
import { show } from "../spread.ts";
import { startStand } from "../stand.ts";
import { table } from "../table.ts";
import type { Bench, Report } from "./part.ts";

/** A request here has its own connection. */
export type ChurnRow = Pick<
  RequestRow,
  "target" | "cpuUsPerRequest" | "requestsPerSecond" | "p50Ms" | "p99Ms" | "connectsPerRequest" | "failed"
>;

/** Short calls, each on a new connection of its client. */
export async function churn({ options, place }: Bench): Promise<Report> {
  await using at = await place();
  await using stand = await startStand(at.site, options.targets);
  const othersCores = watchOthers();
  const samples = await measureRounds(at.load, stand.targets, [work], options);
  return { ...reportChurn(samples, options), othersCores: othersCores() };
}

const work: Work = { name: "a connection each", shape: "json", connections: 64, kind: "churn" };

export function reportChurn(samples: readonly RequestSample[], { rounds, seconds }: Options): Report {
  const rows = requestRows(samples).map(
    ({ target, cpuUsPerRequest, requestsPerSecond, p50Ms, p99Ms, connectsPerRequest, failed }): ChurnRow => ({
      ...{ target, cpuUsPerRequest, requestsPerSecond, p50Ms, p99Ms, connectsPerRequest, failed },
    }),
  );
  const ratios = requestRatios(samples);
  const cells = rows.map((row) => [
    row.target,
    show(row.cpuUsPerRequest, 1),
    show(row.requestsPerSecond, 0),
    show(row.p50Ms, 2),
    show(row.p99Ms, 2),
    row.connectsPerRequest.median.toFixed(3),
    `${row.failed}`,
  ]);
  const head = ["target", "CPU us/request", "requests/s", "p50 ms", "p99 ms", "connects/request", "failed"];
  const text = [
    `Churn: a new connection for each request, ${work.connections} at once, ${rounds} rounds of ${seconds} s; median (lowest-highest)`,
    table([head, ...cells]),
    ratioTable(ratios),
  ].join("\n");
  return { text, rows, ratios, samples };
}
