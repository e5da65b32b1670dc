import { expect, test } from "bun:test";
import { histogram } from "./histogram.ts";
import { requestRatios, requestRows } from "./request-rows.ts";
import type { RequestSample, Work } from "./rounds.ts";
import { show, spread } from "./spread.ts";
import type { TargetName } from "./targets/target.ts";

const work: Work = { name: "json, 64 connections", shape: "json", connections: 64, kind: "requests" };
const sample = (target: TargetName, round: number, requests: number, proxyCpuUs: number): RequestSample => ({
  target,
  work,
  round,
  figures: { requests, seconds: 2, proxyCpuUs, p50Us: 1000, p99Us: 5000, upstreamConnects: 500, failed: 1 },
});
const samples = [
  sample("nginx", 0, 100_000, 2_000_000),
  sample("gateway", 0, 50_000, 2_000_000),
  sample("direct", 0, 200_000, 0),
  sample("nginx", 1, 10_000, 400_000),
  sample("gateway", 1, 5_000, 400_000),
  sample("direct", 1, 200_000, 0),
];

test("CPU per request is the proxy's CPU time over the requests it carried", () => {
  const gateway = requestRows(samples).find(({ target }) => target === "gateway");
  expect(gateway?.cpuUsPerRequest).toEqual({ median: 60, low: 40, high: 80 });
  expect(gateway?.requestsPerSecond).toEqual({ median: 13_750, low: 2500, high: 25_000 });
  expect(gateway?.busy).toEqual({ median: 0.6, low: 0.2, high: 1 });
  expect(gateway?.failed).toBe(2);
});

test("connections to upstreams are counted per request", () => {
  const gateway = requestRows(samples).find(({ target }) => target === "gateway");
  expect(gateway?.connectsPerRequest).toEqual({ median: 0.055, low: 0.01, high: 0.1 });
});

test("each kind of work has rows and ratios of its own", () => {
  const wide: Work = { ...work, name: "json, 512 connections", connections: 512 };
  const both = [
    ...samples,
    { ...sample("nginx", 0, 100, 2000), work: wide },
    { ...sample("gateway", 0, 25, 2000), work: wide },
  ];
  const rows = requestRows(both).map((row) => `${row.target} ${row.work.connections}`);
  expect(rows).toEqual(["nginx 64", "gateway 64", "direct 64", "nginx 512", "gateway 512"]);
  const ratios = requestRatios(both).filter(({ figure }) => figure === "requests per CPU-second");
  expect(ratios.map((ratio) => [ratio.work, ratio.toNginx.median])).toEqual([
    ["json, 64 connections", 0.5],
    ["json, 512 connections", 0.25],
  ]);
});

test("a round in which the whole machine was slow does not change the ratio to nginx", () => {
  const ratio = requestRatios(samples).find(({ figure }) => figure === "requests per CPU-second");
  expect(ratio).toEqual({
    target: "gateway",
    work: "json, 64 connections",
    figure: "requests per CPU-second",
    toNginx: { median: 0.5, low: 0.5, high: 0.5 },
  });
});

test("what is no proxy has no CPU figure and no ratio", () => {
  const direct = requestRows(samples).find(({ target }) => target === "direct");
  expect(show(direct?.cpuUsPerRequest ?? spread([1]), 1)).toBe("-");
  expect(requestRatios(samples).some(({ target }) => target === "direct")).toBe(false);
});

test("an even number of values has its median between the middle two", () => {
  expect(spread([9, 1, 3, 5])).toEqual({ median: 4, low: 1, high: 9 });
  expect(show(spread([9, 1, 3, 5]), 1)).toBe("4.0 (1.0-9.0)");
});

test("quantiles count every duration, the longest included", () => {
  const durations = histogram();
  for (let us = 1; us <= 100; us++) durations.add(us);
  expect([durations.quantileUs(0.5), durations.quantileUs(0.99), durations.quantileUs(1)]).toEqual([50, 99, 100]);
  durations.add(7_000_000);
  expect(durations.quantileUs(1)).toBe(1_000_000);
});
