import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { readOptions } from "./options.ts";
import { allowedCores, processTree } from "./proc.ts";
import { program } from "./targets/program.ts";

/** The bench in a temporary directory of its own, so that what it leaves behind can be seen. */
async function startBench(args: string[]) {
  const folder = await mkdtemp(`${tmpdir()}/bench-test-`);
  const bench = Bun.spawn([process.execPath, `${import.meta.dir}/main.ts`, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return {
    bench,
    folder,
    async [Symbol.asyncDispose]() {
      bench.kill();
      await bench.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const small = [
  "--targets",
  "direct,fetch",
  "--connections",
  "4",
  "--seconds",
  "0.1",
  "--rounds",
  "1",
  "--warmup-seconds",
  "0.1",
];

test.if(allowedCores().length > 1)(
  "a small run measures every target, fails no request and leaves nothing behind",
  async () => {
    await using run = await startBench([
      ...[...small, "--streams", "20", "--stream-seconds", "1.1"],
      ...["--json", `${tmpdir()}/bench-${process.pid}.json`],
    ]);
    const output = await new Response(run.bench.stdout).text();
    expect(await run.bench.exited).toBe(0);
    const file = Bun.file(`${tmpdir()}/bench-${process.pid}.json`);
    const [requests, streams] = (await file.json()).parts;
    await file.delete();
    expect(requests.rows).toMatchObject([
      { shape: "json", target: "direct", failed: 0 },
      { shape: "json", target: "fetch", failed: 0 },
      { shape: "sse", target: "direct", failed: 0 },
      { shape: "sse", target: "fetch", failed: 0 },
    ]);
    expect(streams.rows).toMatchObject([
      { target: "direct", streams: 20, cut: 0, lost: 0, leftUpstream: 0 },
      { target: "fetch", streams: 20, cut: 0, lost: 0, leftUpstream: 0 },
    ]);
    expect(output).toContain("Other processes kept");
    expect(await readdir(run.folder)).toEqual([]);
  },
  30_000,
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

test("options that cannot be are refused with their name", () => {
  expect(() => readOptions(["--targets", "nginx,apache"])).toThrow('not "apache"');
  expect(() => readOptions(["--rounds", "1.5"])).toThrow("--rounds is a whole number above 0 and up to 100");
  expect(() => readOptions(["--streams", "0"])).toThrow("--streams is a whole number above 0 and up to 25000");
  expect(() => readOptions(["--only", "memory"])).toThrow("--only is requests or streams");
  expect(readOptions(["--seconds", "0.5", "--only", "streams"])).toMatchObject({ seconds: 0.5, parts: ["streams"] });
});
