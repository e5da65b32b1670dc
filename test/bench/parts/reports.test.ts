import { expect, test } from "bun:test";
import type { RecoveryFigures, RequestFigures, StreamFigures } from "../load/orders.ts";
import { type Options, readOptions } from "../options.ts";
import type { RequestSample, Work } from "../rounds.ts";
import { reportAbort } from "./abort.ts";
import { reportAdapters } from "./adapters.ts";
import { reportChurn } from "./churn.ts";
import { reportLarge } from "./large.ts";
import { reportRecovery } from "./recovery.ts";
import { reportRequests } from "./requests.ts";
import { reportStreams } from "./streams.ts";

const options = readOptions([]) as Options;
const figures: RequestFigures = {
  ...{ requests: 1000, seconds: 2, proxyCpuUs: 50_000, p50Us: 1000, p99Us: 3000 },
  ...{ upstreamConnects: 10, failed: 0 },
};
const work: Work = { name: "json, 64 connections", shape: "json", connections: 64, kind: "requests" };
const lineOf = (text: string, ...words: string[]) =>
  text
    .split("\n")
    .find((line) => words.every((word) => line.includes(word)))
    ?.trim()
    .split(/ {2,}/);

test("requests have a line for each answer, number of connections and target", () => {
  const wide: Work = { ...work, name: "json, 512 connections", connections: 512 };
  const samples = [wide, work].map((of): RequestSample => ({ target: "gateway", work: of, round: 0, figures }));
  const { text } = reportRequests(samples, options);
  const cells = ["gateway", "50.0", "20000", "500", "1.00", "3.00", "3", "0.010", "0"];
  expect(lineOf(text, "gateway", " 64 ")).toEqual(["json", "64", ...cells]);
  expect(lineOf(text, "gateway", " 512 ")).toEqual(["json", "512", ...cells]);
});

test("streams are compared with nginx at the same number of streams", () => {
  const of = (streams: number, growthKilobytes: number): StreamFigures => ({
    ...{
      streams,
      events: streams,
      seconds: 1,
      proxyCpuUs: 20 * streams,
      proxyGrowthBytes: streams * growthKilobytes * 1024,
    },
    ...{ proxyResidentBytes: 100 * 2 ** 20, delayP50Us: 200, delayP99Us: 900, cut: 0, lost: 3 },
  });
  const { text, ratios } = reportStreams(
    [
      { target: "nginx", figures: of(1000, 20), leftUpstream: 0 },
      { target: "gateway", figures: of(1000, 10), leftUpstream: 0 },
      { target: "nginx", figures: of(5000, 40), leftUpstream: 0 },
      { target: "gateway", figures: of(5000, 10), leftUpstream: 2 },
    ],
    options,
  );
  const memory = ratios.filter(({ figure }) => figure === "memory per stream");
  expect(memory.map((ratio) => [ratio.work, ratio.toNginx.median])).toEqual([
    ["1000 streams", 0.5],
    ["5000 streams", 0.25],
  ]);
  const cells = ["10.0", "100", "20.0", "0.20", "0.90", "5000", "0", "3", "2"];
  expect(lineOf(text, "5000", "gateway")).toEqual(["5000", "gateway", ...cells]);
});

test("large answers and churn are compared with nginx by requests per CPU-second", () => {
  const half = { ...figures, proxyCpuUs: 100_000 };
  const samples: RequestSample[] = [
    { target: "nginx", work, round: 0, figures },
    { target: "gateway", work, round: 0, figures: half },
  ];
  for (const { text, ratios } of [reportLarge(samples, options), reportChurn(samples, options)]) {
    expect(ratios.map(({ figure, toNginx }) => [figure, toNginx.median])).toContainEqual([
      "requests per CPU-second",
      0.5,
    ]);
    expect(lineOf(text, "json, 64 connections: requests per CPU-second")?.at(-1)).toBe("0.50");
  }
});

test("an abort that one upstream saw late, or not at all, misses the goal", () => {
  const phase = "mid-body";
  const { text, rows } = reportAbort(
    [
      { target: "nginx", phase, figures: { seenAfterUs: [3000, 1000, 2000, 250_000], unseen: 0 } },
      { target: "fetch", phase, figures: { seenAfterUs: [1000, 250_001], unseen: 0 } },
      { target: "gateway", phase, figures: { seenAfterUs: [1000], unseen: 1 } },
      { target: "guarded", phase, figures: { seenAfterUs: [], unseen: 2 } },
    ],
    options,
  );
  expect(rows[0]).toEqual({ target: "nginx", phase, p50Ms: 2, maxMs: 250, unseen: 0 });
  expect(lineOf(text, "nginx")?.at(-1)).toBe("yes");
  expect(lineOf(text, "fetch")?.at(-1)).toBe("no");
  expect(lineOf(text, "gateway")).toEqual(["mid-body", "gateway", "1.0", "1.0", "1", "no"]);
  expect(lineOf(text, "guarded")).toEqual(["mid-body", "guarded", "-", "-", "2", "no"]);
});

test("recovery names what sessions were told, and who should not have been", () => {
  const recovery: RecoveryFigures = {
    ...{ lostSessions: 3, toldAfterMs: [40, 20], lostErrors: { 502: 4, 404: 2 } },
    ...{ otherSessions: 27, otherCalls: 900, otherErrors: { 503: 1, "no answer": 2 } },
    ...{ initializes: 300, initializeErrors: {}, initializesWellAfterMs: 0 },
  };
  const { text } = reportRecovery([{ target: "gateway", figures: recovery }], options);
  expect(lineOf(text, "gateway")).toEqual([
    ...["gateway", "2/3", "30", "40", "2 x 404, 4 x 502", "0", "0", "27", "1 x 503, 2 x no answer"],
  ]);
});

test("gateways are told apart by how many adapters they have", () => {
  const samples = [10, 1000].map((target): RequestSample<number> => ({ target, work, round: 0, figures }));
  const megabytes = new Map([
    [10, 150],
    [1000, 250.4],
  ]);
  const { text } = reportAdapters(samples, megabytes, options);
  expect(lineOf(text, "1000", "250")).toEqual(["1000", "50.0", "500", "1.00", "3.00", "250", "0"]);
});
