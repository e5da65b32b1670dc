import { expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import { cells } from "../../../gateway/observe/metrics/cells.ts";
import { exposition, processRegistry } from "../../../gateway/observe/metrics/registry.ts";

function sample() {
  const registry = processRegistry({ name: "sample", version: "1.2.3" });
  const registers = [registry];
  const calls = new Counter({ name: "sample_calls_total", help: "Calls.", labelNames: ["tool"], registers });
  calls.inc({ tool: 'a "b"\n\nc\\' }, 2);
  new Histogram({ name: "sample_seconds", help: "Times.", buckets: [1, 2], registers }).observe(1.5);
  return registry;
}

const prometheus =
  "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.25,*/*;q=0.1";

test.each([
  [null, "text/plain; version=0.0.4; charset=utf-8"],
  ["*/*", "text/plain; version=0.0.4; charset=utf-8"],
  ["text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"],
  ["application/openmetrics-text;q=0.1, text/plain", "text/plain; version=0.0.4; charset=utf-8"],
  [prometheus, "application/openmetrics-text; version=1.0.0; charset=utf-8"],
  ["application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"],
])("who accepts %p gets %s", async (accept, type) => {
  expect((await exposition(sample(), accept)).headers.get("content-type")).toBe(type);
});

test("the text format names counters by their samples", async () => {
  const text = await (await exposition(sample(), null)).text();
  expect(text).toContain(
    '# HELP sample_calls_total Calls.\n# TYPE sample_calls_total counter\nsample_calls_total{tool="a \\"b\\"\\n\\nc\\\\"} 2\n',
  );
  expect(text).toContain('# TYPE sample_build_info gauge\nsample_build_info{version="1.2.3"} 1\n');
  expect(text).not.toContain("# EOF");
});

test("OpenMetrics names counters by their family, has no empty line, and ends", async () => {
  const text = await (await exposition(sample(), prometheus)).text();
  expect(text).toContain(
    '# HELP sample_calls Calls.\n# TYPE sample_calls counter\nsample_calls_total{tool="a \\"b\\"\\n\\nc\\\\"} 2\n',
  );
  expect(text).toContain('sample_seconds_bucket{le="2"} 1\n');
  expect(text).toContain("# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total ");
  expect(text).not.toContain("\n\n");
  expect(text).toEndWith("\n# EOF\n");
});

test("a look at one format changes nothing in the other", async () => {
  const registry = sample();
  await exposition(registry, prometheus);
  expect(await (await exposition(registry, null)).text()).toContain("# TYPE sample_calls_total counter\n");
});

test("a process says how much memory and time it takes, and since when it runs", async () => {
  const text = await (await exposition(processRegistry({ name: "sample", version: "1" }), null)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(value("process_cpu_seconds_total")).toBeLessThan(3600);
  expect(Math.abs(value("process_start_time_seconds") - Date.now() / 1000)).toBeLessThan(3600);
});

test("numbers that are none, and help texts of several lines, are written as Prometheus reads them", async () => {
  const registry = new Registry();
  const odd = new Gauge({ name: "odd", help: 'One \\ "two"\nthree.', labelNames: ["of"], registers: [registry] });
  odd.set({ of: "much" }, Number.POSITIVE_INFINITY);
  odd.set({ of: "little" }, Number.NEGATIVE_INFINITY);
  odd.set({ of: "nothing" }, Number.NaN);
  const lines = 'odd{of="much"} +Inf\nodd{of="little"} -Inf\nodd{of="nothing"} NaN\n';
  expect(await (await exposition(registry, null)).text()).toBe(
    `# HELP odd One \\\\ "two"\\nthree.\n# TYPE odd gauge\n${lines}\n`,
  );
  expect(await (await exposition(registry, "application/openmetrics-text")).text()).toBe(
    `# HELP odd One \\\\ \\"two\\"\\nthree.\n# TYPE odd gauge\n${lines}# EOF\n`,
  );
});

test("ten thousand figures hold up nothing for long", async () => {
  const registry = new Registry();
  const many = cells(registry, {
    kind: "counter",
    name: "many_total",
    help: "Many.",
    labels: ["n"],
    maxSeries: 10_000,
  });
  for (let n = 0; n < 10_000; n++) many.of(String(n)).value = n;
  let turns = 0;
  let isOver = false;
  const others = (async () => {
    for (; !isOver; turns++) await setImmediate();
  })();
  const text = await (await exposition(registry, null)).text();
  isOver = true;
  await others;
  expect(turns).toBeGreaterThanOrEqual(20);
  expect(text.split("\n")).toHaveLength(10_004);
  expect(text).toContain('\nmany_total{n="499"} 499\nmany_total{n="500"} 500\n');
  expect(text).toEndWith('many_total{n="9999"} 9999\n\n');
});
