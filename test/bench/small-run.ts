import { expect } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";

/** The bench in a temporary directory of its own, so that what it leaves behind can be seen. */
export async function startBench(args: string[]) {
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

/** What a whole run told, and what it left behind. */
export async function finished(args: string[]) {
  const json = `${tmpdir()}/bench-${process.pid}-${crypto.randomUUID()}.json`;
  await using run = await startBench([...args, "--json", json]);
  const [output, errors] = await Promise.all([
    new Response(run.bench.stdout).text(),
    new Response(run.bench.stderr).text(),
  ]);
  expect(await run.bench.exited, errors).toBe(0);
  const { parts } = await Bun.file(json).json();
  await rm(json);
  return { output, parts, leftovers: await readdir(run.folder) };
}

/** Two targets, one round, as short as it goes. */
export const small = [
  "--targets",
  "direct,fetch",
  "--connections",
  "4",
  "--seconds",
  "0.1",
  "--rounds",
  "1",
  "--warmup-seconds",
  "0.02",
];
