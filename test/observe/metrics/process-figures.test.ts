import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { processFigures } from "../../../gateway/observe/metrics/process-figures.ts";
import { until } from "../../support/until.ts";
import { countedEvents, samplesIn } from "../figures.ts";

const ofLinux = test.skipIf(process.platform !== "linux");

test("the process says what it holds, and what runs it", async () => {
  const { events, figures } = countedEvents();
  using _ = processFigures(events);
  const seen = await figures();
  expect(seen["mcp_gateway_heap_used_bytes"]).toBeGreaterThan(1_000_000);
  expect(seen["mcp_gateway_heap_total_bytes"]).toBeGreaterThan(1_000_000);
  expect(seen[`mcp_gateway_runtime_info{name="bun",version="${Bun.version}"}`]).toBe(1);
});

ofLinux("open files are counted, and how many there may be", async () => {
  const { events, figures } = countedEvents();
  using _ = processFigures(events);
  const before = (await figures())["process_open_fds"] ?? 0;
  const opened = Array.from({ length: 40 }, () => openSync(import.meta.path, "r"));
  const during = await figures();
  for (const fd of opened) closeSync(fd);
  // Other tests of this process open and close files meanwhile.
  expect(Math.abs((during["process_open_fds"] ?? 0) - before - 40)).toBeLessThan(20);
  const { stdout } = Bun.spawnSync(["sh", "-c", "ulimit -n"]);
  expect(during["process_max_fds"]).toBe(Number(stdout.toString()));
});

test("a process that stands still is late, for as long as it did", async () => {
  const { events, figures } = countedEvents();
  using _ = processFigures(events);
  const overHalfASecond = async () => {
    const { mcp_gateway_event_loop_delay_seconds_count: all = 0, ...seen } = await figures();
    return all - (seen['mcp_gateway_event_loop_delay_seconds_bucket{le="0.5"}'] ?? 0);
  };
  expect(await overHalfASecond()).toBe(0);
  await until("a tick", async () => ((await figures())["mcp_gateway_event_loop_delay_seconds_count"] ?? 0) > 0);
  Bun.sleepSync(700);
  await until("a late tick", overHalfASecond);
  expect((await figures())["mcp_gateway_event_loop_delay_seconds_sum"]).toBeGreaterThan(0.5);
});

test("nothing is left of it once it is disposed", async () => {
  const { events, registry, figures } = countedEvents();
  processFigures(events)[Symbol.dispose]();
  const count = async () => (await figures())["mcp_gateway_event_loop_delay_seconds_count"];
  const before = await count();
  // Another one's ticks tell that this one's would have come.
  const other = countedEvents();
  using _ = processFigures(other.events);
  await until(
    "two ticks",
    async () => ((await other.figures())["mcp_gateway_event_loop_delay_seconds_count"] ?? 0) > 1,
  );
  expect(await count()).toBe(before);
  expect(samplesIn(await await registry.getSingleMetricAsString("process_open_fds"))).toEqual({});
});
