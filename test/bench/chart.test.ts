import { expect, test } from "bun:test";
import { chart } from "./chart.ts";
import type { Ratio } from "./ratio.ts";

const ratio = (target: Ratio["target"], figure: string, median: number): Ratio => ({
  target,
  work: "json, 64 connections",
  figure,
  toNginx: { median, low: median, high: median },
});
const drawn = (svg: string) => ({
  bars: [...svg.matchAll(/<rect class="(ours|other)"[^>]* width="([\d.]+)"/g)].map(([, kind, width]) => [kind, width]),
  values: [...svg.matchAll(/class="value"[^>]*>([^<]*)</g)].map(([, value]) => value),
  titles: [...svg.matchAll(/class="title"[^>]*>([^<]*)</g)].map(([, title]) => title),
});

test("bars are as long as the ratios they show, in one scale", () => {
  const svg = chart([ratio("haproxy", "CPU per event", 2), ratio("gateway", "CPU per event", 0.5)], "here");
  expect(drawn(svg)).toEqual({
    bars: [
      ["other", "564"],
      ["ours", "141"],
    ],
    values: ["2.00", "0.50"],
    titles: ["json, 64 connections: CPU per event (less is better)"],
  });
});

test("throughput and delays are not drawn", () => {
  const svg = chart([ratio("gateway", "requests per CPU-second", 0.5), ratio("gateway", "p99", 3)], "here");
  expect(drawn(svg).titles).toEqual(["json, 64 connections: requests per CPU-second (more is better)"]);
});

test("one ratio that is far off leaves the others readable", () => {
  const svg = chart([ratio("fetch", "CPU per event", 400), ratio("gateway", "CPU per event", 1)], "here");
  expect(drawn(svg).bars).toEqual([
    ["other", "564"],
    ["ours", "141"],
  ]);
  expect(drawn(svg).values).toEqual(["400.00", "1.00"]);
});

test("a chart is well-formed whatever the machine is called, and has colours for dark pages", () => {
  const svg = chart([], 'A <fast> & "quiet" machine');
  expect(svg).toContain("A &lt;fast&gt; &amp; &quot;quiet&quot; machine");
  expect(svg).toContain("@media (prefers-color-scheme: dark)");
  expect(svg.match(/<(svg|text|style)\b/g)?.length).toBe(svg.match(/<\/(svg|text|style)>/g)?.length ?? 0);
});
