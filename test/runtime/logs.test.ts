import { expect, test } from "bun:test";
import { readLines } from "../../gateway/runtime/local/lines.ts";
import { logRing } from "../../gateway/runtime/local/log-ring.ts";
import type { LogRequest, Runtime } from "../../gateway/runtime/runtime.ts";
import { eventually, openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

const quiet = new AbortController().signal;
const request = (changes: Partial<LogRequest> = {}): LogRequest => ({
  instance: 0,
  tailLines: 1000,
  follow: false,
  previous: false,
  signal: quiet,
  ...changes,
});

async function read(runtime: Runtime, changes: Partial<LogRequest> = {}): Promise<string[]> {
  const logs = await runtime.logs("weather", request(changes));
  if (logs.state !== "open") throw new Error(logs.state);
  return (await new Response(logs.lines).text()).split("\n").slice(0, -1);
}

/** Collects what a follower reads until its stream ends. */
async function follow(runtime: Runtime, changes: Partial<LogRequest> = {}) {
  const logs = await runtime.logs("weather", request({ follow: true, ...changes }));
  if (logs.state !== "open") throw new Error(logs.state);
  const lines: string[] = [];
  return { lines, over: readLines(logs.lines, 1_000, (line) => lines.push(line)) };
}

test("the last lines of an instance can be read, as many as asked for", async () => {
  await using bench = await openBench();
  await bench.runtime.apply(workload({ environment: { STDERR: "to stderr" } }));
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  await fetch(`${endpoint?.origin}/print?n=5`);
  await eventually(
    () => read(bench.runtime),
    (lines) => lines.length === 6,
  );
  expect(await read(bench.runtime)).toEqual(["to stderr", "line 1", "line 2", "line 3", "line 4", "line 5"]);
  expect(await read(bench.runtime, { tailLines: 2 })).toEqual(["line 4", "line 5"]);
});

test("there are no logs of an instance or a workload that does not exist", async () => {
  await using bench = await openBench();
  await bench.runtime.apply(workload());
  await readyEndpoints(bench.runtime, 1);
  expect(await bench.runtime.logs("weather", request({ instance: 1 }))).toEqual({ state: "absent" });
  expect(await bench.runtime.logs("other", request())).toEqual({ state: "absent" });
});

test("an instance that has not run yet is starting", async () => {
  await using bench = await openBench();
  await bench.runtime.apply(workload());
  expect(await bench.runtime.logs("weather", request())).toEqual({ state: "starting" });
});

test("a follower goes on over restarts and ends with the replica's removal", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ environment: { STDERR: "started" } }));
  const [endpoint] = await readyEndpoints(runtime, 1);
  const follower = await follow(runtime);
  await fetch(`${endpoint?.origin}/print?n=1`);
  await eventually(
    () => follower.lines,
    (lines) => lines.includes("line 1"),
  );
  await fetch(`${endpoint?.origin}/exit?n=1`);
  await eventually(
    () => follower.lines,
    (lines) => lines.length === 3,
  );
  await runtime.remove("weather");
  await follower.over;
  expect(follower.lines).toEqual(["started", "line 1", "started"]);
});

test("the run before the last restart can be read by itself", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload());
  let [endpoint] = await readyEndpoints(runtime, 1);
  expect(await read(runtime, { previous: true })).toEqual([]);
  for (const lines of [2, 3, 1]) {
    await fetch(`${endpoint?.origin}/print?n=${lines}`);
    const before = endpoint?.id;
    await fetch(`${endpoint?.origin}/exit?n=1`);
    [endpoint] = await eventually(
      () => runtime.endpoints.of("weather"),
      (now) => now.length === 1 && now[0]?.id !== before,
    );
    const expected = ["line 1", "line 2", "line 3"].slice(0, lines);
    await eventually(
      () => read(runtime, { previous: true, follow: true }),
      (previous) => Bun.deepEquals(previous, expected),
    );
  }
  expect(await read(runtime)).toEqual(["line 1", "line 2", "line 1", "line 2", "line 3", "line 1"]);
});

test("a ring shows of the previous run what is kept, and as much as is asked for", async () => {
  const ring = logRing({ logLines: 4, logLength: 1_000 });
  const previous = async (tailLines: number) =>
    (await new Response(ring.readPrevious({ tailLines })).text()).split("\n").slice(0, -1);
  ring.beginRun();
  for (const line of ["1", "2", "3"]) ring.write(line);
  expect(await previous(10)).toEqual([]);
  ring.beginRun();
  for (const line of ["4", "5"]) ring.write(line);
  expect(await previous(10)).toEqual(["1", "2", "3"]);
  expect(await previous(2)).toEqual(["2", "3"]);
  ring.write("6");
  expect(await previous(10)).toEqual(["3"]);
  for (let line = 7; line < 20; line++) ring.write(`${line}`);
  expect(await previous(10)).toEqual([]);
});

test("a follower ends when it is told to, or goes away", async () => {
  await using bench = await openBench();
  await bench.runtime.apply(workload());
  await readyEndpoints(bench.runtime, 1);
  const stop = new AbortController();
  const follower = await follow(bench.runtime, { signal: stop.signal });
  stop.abort();
  await follower.over;

  const logs = await bench.runtime.logs("weather", request({ follow: true }));
  if (logs.state !== "open") throw new Error(logs.state);
  const reader = logs.lines.getReader();
  const waiting = reader.read();
  await reader.cancel();
  expect((await waiting).done).toBe(true);
});

test("a ring keeps the last lines only, and tells a slow follower what it has missed", async () => {
  const ring = logRing({ logLines: 100, logLength: 1_000_000 });
  ring.write("first");
  const lines: string[] = [];
  const stream = ring.read(request({ follow: true }));
  for (let line = 1; line <= 1_000; line++) ring.write(`${line}`);
  ring.close();
  await readLines(stream, 1_000, (line) => lines.push(line));
  const [note = "", ...rest] = lines;
  expect(note).toMatch(/^… \d+ lines skipped …$/);
  expect(rest.at(-1)).toBe("1000");
  expect(rest.length).toBeLessThanOrEqual(125);
  expect(Number(note.split(" ")[1]) + rest.length).toBe(1_001);
});

test("a ring is bounded in characters too", async () => {
  const ring = logRing({ logLines: 100, logLength: 50 });
  for (let line = 0; line < 20; line++) ring.write(`${line}`.padStart(10, "."));
  const text = await new Response(ring.read(request())).text();
  expect(text.split("\n").slice(0, -1)).toEqual(["........15", "........16", "........17", "........18", "........19"]);
});

test("a line that is too long is cut", async () => {
  await using bench = await openBench({ limits: { logLineLength: 10 } });
  await bench.runtime.apply(workload());
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  await fetch(`${endpoint?.origin}/long?n=1000000`);
  expect(
    await eventually(
      () => read(bench.runtime),
      (lines) => lines.length === 1,
    ),
  ).toEqual(["xxxxxxxxxx…"]);
});

test("lines come out whole however the bytes arrive", async () => {
  const bytes = new TextEncoder().encode("één\r\ntwee\n\ndrie €");
  const lines: string[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  await readLines(stream, 100, (line) => lines.push(line));
  expect(lines).toEqual(["één", "twee", "", "drie €"]);
});
