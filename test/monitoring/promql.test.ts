import { expect, test } from "bun:test";
import type { Definition } from "../../gateway/observe/metrics/cells.ts";
import { gateway, guard } from "../../k8s/monitoring/metrics.ts";
import {
  and,
  count,
  increase,
  max,
  now,
  observed,
  orZero,
  over,
  quantile,
  rate,
  share,
  sum,
  untilThen,
  when,
} from "../../k8s/monitoring/promql.ts";

const calls = {
  kind: "counter",
  name: "calls_total",
  help: "",
  labels: ["tool", "outcome"],
} as const satisfies Definition;
const times = { kind: "histogram", name: "seconds", help: "", labels: ["tool"] } as const satisfies Definition;
const open = { kind: "gauge", name: "open", help: "", labels: [] } as const satisfies Definition;

test("expressions are written as people write them", () => {
  const failed = sum(rate(calls, { outcome: '="error"', namespace: '=~"$namespace"' }, "5m"), "tool");
  const all = sum(rate(calls, {}, "5m"), "tool");
  expect([
    now(open, { pod: '!=""' }).text,
    increase(calls).text,
    over(failed, all).text,
    share(failed, all).text,
    when(share(failed, all), ">", 0.5).text,
    quantile(0.99, times, { where: { tool: '="add"' }, by: ["tool", "pod"] }).text,
    sum(observed(times)).text,
    orZero(count(now(open))).text,
    and(max(now(open), "pod"), now(open), "pod").text,
    untilThen(now(open)).text,
  ]).toEqual([
    'open{pod!=""}',
    "increase(calls_total[$__rate_interval])",
    'sum by (tool) (rate(calls_total{outcome="error",namespace=~"$namespace"}[5m])) / sum by (tool) (rate(calls_total[5m]))',
    '(sum by (tool) (rate(calls_total{outcome="error",namespace=~"$namespace"}[5m])) or 0 * sum by (tool) (rate(calls_total[5m]))) / sum by (tool) (rate(calls_total[5m]))',
    '((sum by (tool) (rate(calls_total{outcome="error",namespace=~"$namespace"}[5m])) or 0 * sum by (tool) (rate(calls_total[5m]))) / sum by (tool) (rate(calls_total[5m]))) > 0.5',
    'histogram_quantile(0.99, sum by (le, tool, pod) (rate(seconds_bucket{tool="add"}[$__rate_interval])))',
    "sum (rate(seconds_count[$__rate_interval]))",
    "count (open) or vector(0)",
    "max by (pod) (open) and on (pod) open",
    "open - time()",
  ]);
});

test("a label that a metric does not have is neither asked for nor summed by", () => {
  // @ts-expect-error: `replica` is none of its labels.
  expect(() => rate(calls, { replica: '="a"' })).toThrow("no label replica among tool, outcome, namespace");
  // @ts-expect-error: it was summed away.
  expect(() => max(sum(rate(calls), "tool"), "outcome")).toThrow("no label outcome among tool");
  // @ts-expect-error: none of its labels.
  expect(() => quantile(0.5, times, { by: ["outcome"] })).toThrow("no label outcome");
  // @ts-expect-error: none of the gateway's.
  expect(() => now(gateway.openStreams, { tool: '="add"' })).toThrow("no label tool among adapter");
});

test("a metric that nobody counts is refused, and one that is counted otherwise", () => {
  // @ts-expect-error: the gateway counts no such thing.
  expect(() => now(gateway.openDoors)).toThrow();
  expect(() => guard.metric("mcp_guard_open_doors")).toThrow(
    "no metric mcp_guard_open_doors among mcp_guard_build_info,",
  );
  expect(() => rate(open)).toThrow("open is a gauge, no counter");
  expect(() => now(calls)).toThrow("calls_total is a counter, no gauge");
  expect(() => quantile(0.5, calls)).toThrow("calls_total is a counter, no histogram");
});

test("guards are told apart by the adapter of their pod", () => {
  const refused = guard.metric("mcp_guard_refused_total");
  expect(sum(rate(refused, { adapter: '="weather"' }, "5m"), "reason").text).toBe(
    'sum by (reason) (rate(mcp_guard_refused_total{adapter="weather"}[5m]))',
  );
});
