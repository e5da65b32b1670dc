import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { allowedCores, processTree } from "./proc.ts";
import { finished, small, startBench } from "./small-run.ts";
import { program } from "./targets/program.ts";

test.if(allowedCores().length > 1)(
  "a small run measures every target at every count, fails no request and leaves nothing behind",
  async () => {
    const { output, parts, leftovers } = await finished([
      ...[...small, "--only", "requests,streams", "--connections", "1,4"],
      ...["--streams", "10,20", "--stream-seconds", "1.1"],
    ]);
    const [requests, streams] = parts;
    expect(requests.rows).toMatchObject([
      { work: { shape: "json", connections: 1 }, target: "direct", failed: 0 },
      { work: { shape: "json", connections: 1 }, target: "fetch", failed: 0 },
      { work: { shape: "json", connections: 4 }, target: "direct", failed: 0 },
      { work: { shape: "json", connections: 4 }, target: "fetch", failed: 0 },
      { work: { shape: "sse", connections: 1 }, target: "direct", failed: 0 },
      { work: { shape: "sse", connections: 1 }, target: "fetch", failed: 0 },
      { work: { shape: "sse", connections: 4 }, target: "direct", failed: 0 },
      { work: { shape: "sse", connections: 4 }, target: "fetch", failed: 0 },
    ]);
    expect(streams.rows).toMatchObject([
      { target: "direct", streams: 10, cut: 0, lost: 0, leftUpstream: 0 },
      { target: "fetch", streams: 10, cut: 0, lost: 0, leftUpstream: 0 },
      { target: "direct", streams: 20, cut: 0, lost: 0, leftUpstream: 0 },
      { target: "fetch", streams: 20, cut: 0, lost: 0, leftUpstream: 0 },
    ]);
    expect(output).toContain("Other processes kept");
    expect(leftovers).toEqual([]);
  },
  60_000,
);

test.if(allowedCores().length > 1)(
  "Ctrl-C in the middle ends every process and takes the temporary files away",
  async () => {
    await using run = await startBench([...small, "--rounds", "100", "--only", "requests"]);
    const progress = run.bench.stderr.getReader();
    await progress.read();
    const started = processTree(run.bench.pid);
    expect(started.length).toBeGreaterThanOrEqual(6);
    run.bench.kill("SIGINT");
    expect(await run.bench.exited).toBe(1);
    expect(started.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(await readdir(run.folder)).toEqual([]);
  },
  30_000,
);

test("a proxy that is not installed is named together with what to install", () => {
  expect(() => program("nginx", "/nowhere")).toThrow("nginx is not on PATH: apt-get install nginx-light haproxy");
});
