import { type Histogram, histogram } from "../histogram.ts";
import { cpuUs } from "../proc.ts";
import { acceptedBy } from "../upstream/figures.ts";
import type { RequestFigures, RequestOrder } from "./orders.ts";

/** What became of requests so far; those that ended before or after the measurement are not counted, failures always are. */
export type Tally = { counting: boolean; requests: number; failed: number; latency: Histogram };

export const newTally = (): Tally => ({ counting: false, requests: 0, failed: 0, latency: histogram() });

/** Counts what happens while the load goes on: after the warm-up, for as long as was ordered. */
export async function measured(
  { warmupMs, measureMs, proxyPids, upstreamPorts }: RequestOrder,
  tally: Tally,
): Promise<RequestFigures> {
  await Bun.sleep(warmupMs);
  const acceptedBefore = await acceptedBy(upstreamPorts);
  const begin = { at: performance.now(), cpuUs: cpuUs(proxyPids) };
  tally.counting = true;
  await Bun.sleep(measureMs);
  tally.counting = false;
  const end = { at: performance.now(), cpuUs: cpuUs(proxyPids) };
  return {
    requests: tally.requests,
    seconds: (end.at - begin.at) / 1000,
    proxyCpuUs: end.cpuUs - begin.cpuUs,
    p50Us: tally.latency.quantileUs(0.5),
    p99Us: tally.latency.quantileUs(0.99),
    upstreamConnects: (await acceptedBy(upstreamPorts)) - acceptedBefore,
    failed: tally.failed,
  };
}
