import { expect, test } from "bun:test";
import { type Level, type Levels, levelOf } from "./memory.ts";
import { isGood, type Summary, summaryText } from "./summary.ts";
import { newTally } from "./tally.ts";

const level = (megabytes: number, descriptors: number): Level => {
  const bytes = megabytes * 2 ** 20;
  return levelOf([
    { atMs: 0, residentBytes: bytes, proportionalBytes: bytes / 2, descriptors, sockets: descriptors / 2 },
  ]);
};
const levels: Levels = {
  ...{ before: level(150, 80), settled: level(200, 900), end: level(210, 910), idle: level(190, 90) },
};
const counted = { sessions: 120, openStreams: 8, upstreamConnections: 9, heapBytes: 40 * 2 ** 20 };

function summaryOf(losses: number, more: Partial<Summary> = {}): Summary {
  const tally = newTally();
  tally.judged("session call", { state: "right" }, 2);
  for (let n = 1; n <= losses; n++) tally.lost({ atMs: n * 1000, what: `session ${n}` });
  tally.reopened(12);
  return {
    ...{
      loadMs: 180_000,
      isInterrupted: false,
      seed: 7,
      tally,
      levels,
      residentByMinute: [190, 200, 210].map((mb) => mb * 2 ** 20),
      grown: [],
      counted: { settled: counted },
    },
    ...{ blows: [{ atMs: 9000, what: "killed a-0" }], cores: { gateway: 0.2, load: 0.1 } },
    ...more,
  };
}

test("a summary says what there was, and that all is well", () => {
  const summary = summaryOf(0);
  expect(isGood(summary)).toBe(true);
  expect(summaryText(summary)).toBe(`3.0 minutes with seed 7: 1 calls, 0 a second, p50 2.0 ms, p99 2.0 ms
cores kept busy: 0.20 by the gateway, 0.10 by this program

what          right  told 404  in flight  lost
session call      1         0          0     0

events heard: 0; streams resumed: 0; answers left on purpose: 0
connections made anew for a session: 0; initialize tried again: 0
sessions begun anew after their 404: 1, after 12 ms (median), 12 ms at most
blows: 1

the gateway      resident     Pss   heap  descriptors  sockets  sessions  streams  upstream connections
before the load    150 MB   75 MB      -           80       40         -        -                     -
from 40 to 60 s    200 MB  100 MB  40 MB          900      450       120        8                     9
at its end         210 MB  105 MB      -          910      455         -        -                     -
idle after it      190 MB   95 MB      -           90       45         -        -                     -

resident memory minute by minute: 190 MB, 200 MB, 210 MB

nothing was lost, nothing has grown`);
});

test("whatever is lost or has grown spoils a run, and so does its interruption", () => {
  const lost = summaryOf(22);
  expect(isGood(lost)).toBe(false);
  expect(summaryText(lost)).toContain("\nLOST at 1.0 s: session 1\n");
  expect(summaryText(lost)).toEndWith("\nLOST at 20.0 s: session 20\nand 2 more\n22 lost, 0 grown");
  const grown = summaryOf(0, { grown: ["resident memory is 400 MB after the load"] });
  expect(isGood(grown)).toBe(false);
  expect(summaryText(grown)).toEndWith("\nGROWN: resident memory is 400 MB after the load\n0 lost, 1 grown");
  const interrupted = summaryOf(0, { isInterrupted: true });
  expect(isGood(interrupted)).toBe(false);
  expect(summaryText(interrupted)).toStartWith("3.0 minutes with seed 7, interrupted: ");
  expect(summaryText(interrupted)).toEndWith("\nnothing was lost, nothing has grown, up to the interruption");
});
