import type { Options } from "../options.ts";
import { watchOthers } from "../others.ts";
import { residentBytes } from "../proc.ts";
import { type RequestRow, requestRows } from "../request-rows.ts";
import { measureRounds, type Named, type RequestSample, type Work } from "../rounds.ts";
import { say } from "../say.ts";
import { show } from "../spread.ts";
import { table } from "../table.ts";
import { startGateway } from "../targets/gateway.ts";
import type { Bench, Place, Report } from "./part.ts";

export type AdaptersRow = Pick<
  RequestRow,
  "cpuUsPerRequest" | "requestsPerSecond" | "p50Ms" | "p99Ms" | "connectsPerRequest" | "failed"
> & {
  /** How many were registered. */
  adapters: number;
  /** Of the gateway in all, when it had been measured. */
  megabytes: number;
};

/** Gateways with many adapters, of which one is asked: what the others cost it. */
export async function adapters({ options, place }: Bench): Promise<Report> {
  await using stack = new AsyncDisposableStack();
  const places: Place[] = [];
  const gateways: Named<number>[] = [];
  for (const count of options.adapters) {
    const at = stack.use(await place());
    const { door, pids, upstreams } = stack.use(await startGateway(at.site, "gateway", count));
    places.push(at);
    gateways.push({ name: count, door, pids, upstreams });
    say(`a gateway with ${count} adapters`);
  }
  const [first] = places;
  if (first === undefined) throw new Error("there is no gateway to measure");
  const othersCores = watchOthers();
  const samples = await measureRounds(first.load, gateways, [work], options);
  const megabytes = new Map(gateways.map(({ name, pids }) => [name, residentBytes(pids) / 2 ** 20]));
  return { ...reportAdapters(samples, megabytes, options), othersCores: othersCores() };
}

const work: Work = { name: "one adapter asked", shape: "json", connections: 64, kind: "requests" };

export function reportAdapters(
  samples: readonly RequestSample<number>[],
  megabytes: ReadonlyMap<number, number>,
  { rounds, seconds }: Options,
): Report {
  const rows = requestRows(samples).map(
    ({ target, cpuUsPerRequest, requestsPerSecond, p50Ms, p99Ms, connectsPerRequest, failed }): AdaptersRow => ({
      ...{ adapters: target, megabytes: megabytes.get(target) ?? Number.NaN },
      ...{ cpuUsPerRequest, requestsPerSecond, p50Ms, p99Ms, connectsPerRequest, failed },
    }),
  );
  const cells = rows.map((row) => [
    `${row.adapters}`,
    show(row.cpuUsPerRequest, 1),
    show(row.requestsPerSecond, 0),
    show(row.p50Ms, 2),
    show(row.p99Ms, 2),
    row.megabytes.toFixed(0),
    `${row.failed}`,
  ]);
  const text = [
    `Adapters: one of them is asked, ${work.connections} connections, ${rounds} rounds of ${seconds} s; median (lowest-highest)`,
    table([["adapters", "CPU us/request", "requests/s", "p50 ms", "p99 ms", "MB", "failed"], ...cells]),
  ].join("\n");
  return { text, rows, ratios: [], samples };
}
