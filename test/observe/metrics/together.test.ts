import { expect, test } from "bun:test";
import Registry from "prom-client/lib/registry.js";
import { cells, histogramCells } from "../../../gateway/observe/metrics/cells.ts";
import { type Family, familiesOf, sourceOf } from "../../../gateway/observe/metrics/families.ts";
import { exposition, processRegistry } from "../../../gateway/observe/metrics/registry.ts";
import { counted, together } from "../../../gateway/observe/metrics/together.ts";

const text = async (families: readonly Family[]) => (await exposition(sourceOf(families), null)).text();

const calls = { kind: "counter", name: "calls_total", help: "Calls.", labels: ["tool"] } as const;
const streams = { kind: "gauge", name: "streams", help: "Open.", labels: [], together: "sum" } as const;
const records = { kind: "gauge", name: "records", help: "Known.", labels: [] } as const;
const up = { kind: "gauge", name: "up", help: "Whether.", labels: [], together: "min" } as const;
const seconds = { kind: "histogram", name: "seconds", help: "Time.", labels: [], buckets: [1, 2] } as const;

function process(values: { add: number; sub?: number; streams: number; records: number; up: number; took: number }) {
  const registry = new Registry();
  cells(registry, calls).of("add").value = values.add;
  if (values.sub) cells(registry, { ...calls, name: "others_total" }).of("sub").value = values.sub;
  cells(registry, streams).of().value = values.streams;
  cells(registry, records).of().value = values.records;
  cells(registry, up).of().value = values.up;
  histogramCells(registry, seconds).of().observe(values.took);
  return familiesOf(registry);
}

test("counters and histograms are added up; a gauge is the sum, the largest or the smallest, as its definition says", async () => {
  const first = await process({ add: 3, streams: 5, records: 7, up: 1, took: 0.5 });
  const second = await process({ add: 4, sub: 1, streams: 6, records: 6, up: 0, took: 1.5 });
  expect(await text(together([first, second]))).toBe(
    `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{tool="add"} 7

# HELP streams Open.
# TYPE streams gauge
streams 11

# HELP records Known.
# TYPE records gauge
records 7

# HELP up Whether.
# TYPE up gauge
up 0

# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{le="1"} 1
seconds_bucket{le="2"} 2
seconds_bucket{le="+Inf"} 2
seconds_sum 2
seconds_count 2

# HELP others_total Others.
# TYPE others_total counter
others_total{tool="sub"} 1

`.replace("Others.", "Calls."),
  );
});

test("of a process that has ended, what it counted stays", async () => {
  const families = counted(await process({ add: 3, streams: 5, records: 7, up: 1, took: 0.5 }));
  expect(families.map(({ name }) => name)).toEqual(["calls_total", "seconds"]);
});

test("families that crossed to another process say the same", async () => {
  const families = await process({ add: 3, streams: 5, records: 7, up: 1, took: 0.5 });
  expect(await text(structuredClone(families))).toBe(await text(families));
});

test("of the process itself time and memory are added up, and it began when the youngest did", async () => {
  const own = await familiesOf(processRegistry({ name: "sample", version: "1" }));
  const both = await text(together([own, structuredClone(own)]));
  expect(both).toContain('sample_build_info{version="1"} 1\n');
  const memory = [...(own.find(({ name }) => name === "process_resident_memory_bytes")?.values ?? [])][0]?.value ?? 0;
  expect(both).toContain(`process_resident_memory_bytes ${2 * memory}\n`);
  expect(both).toContain(`process_start_time_seconds ${performance.timeOrigin / 1000}\n`);
});
