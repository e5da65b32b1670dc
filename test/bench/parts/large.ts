import type { Options } from "../options.ts";
import { watchOthers } from "../others.ts";
import { ratioTable } from "../ratio.ts";
import { requestRatios, type RequestRow, requestRows } from "../request-rows.ts";
import { measureRounds, type RequestSample, type Work } from "../rounds.ts";
import { show } from "../spread.ts";
import { startStand } from "../stand.ts";
import { table } from "../table.ts";
import type { Bench, Report } from "./part.ts";

/** An answer is one MiB: a request a second is a MiB a second. */
export type LargeRow = Pick<
  RequestRow,
  "target" | "requestsPerCpuSecond" | "requestsPerSecond" | "p50Ms" | "p99Ms" | "failed"
>;

/** Short calls with long answers. */
export async function large({ options, place }: Bench): Promise<Report> {
  await using at = await place();
  await using stand = await startStand(at.site, options.targets);
  const othersCores = watchOthers();
  const samples = await measureRounds(at.load, stand.targets, [work], options);
  return { ...reportLarge(samples, options), othersCores: othersCores() };
}

// Each has a pattern of its own in the load generator and in an upstream: more would measure memory.
const work: Work = { name: "answers of 1 MiB", shape: "large", connections: 16, kind: "requests" };

export function reportLarge(samples: readonly RequestSample[], { rounds, seconds }: Options): Report {
  const rows = requestRows(samples).map(
    ({ target, requestsPerCpuSecond, requestsPerSecond, p50Ms, p99Ms, failed }): LargeRow => ({
      ...{ target, requestsPerCpuSecond, requestsPerSecond, p50Ms, p99Ms, failed },
    }),
  );
  const ratios = requestRatios(samples);
  const cells = rows.map((row) => [
    row.target,
    show(row.requestsPerCpuSecond, 0),
    show(row.requestsPerSecond, 0),
    show(row.p50Ms, 1),
    show(row.p99Ms, 1),
    `${row.failed}`,
  ]);
  const text = [
    `Large: answers of 1 MiB as JSON, ${work.connections} connections, ${rounds} rounds of ${seconds} s; median (lowest-highest)`,
    table([["target", "requests/CPU-s", "requests/s", "p50 ms", "p99 ms", "failed"], ...cells]),
    ratioTable(ratios),
  ].join("\n");
  return { text, rows, ratios, samples };
}
