import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { processTree } from "../bench/proc.ts";

const small = ["--minutes", "5", "--rate", "20", "--streams", "4", "--sessions", "8", "--replicas", "2"];

test.if(process.platform === "linux")(
  "Ctrl-C sums up what there was, ends every process and takes the temporary files away",
  async () => {
    await using folder = await temporaryFolder();
    const program = Bun.spawn([process.execPath, `${import.meta.dir}/main.ts`, ...small, "--chaos-seconds", "0.5"], {
      env: { ...process.env, TMPDIR: folder.path },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [first, rest] = program.stdout.tee();
    const text = rest.text();
    // The first blow.
    await first.getReader().read();
    const started = processTree(program.pid);
    expect(started.length).toBeGreaterThanOrEqual(10);
    program.kill("SIGINT");
    expect(await program.exited).toBe(1);
    expect(await text).toContain("minutes with seed 1, interrupted: ");
    expect(started.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(await readdir(folder.path)).toEqual([]);
  },
  60_000,
);

async function temporaryFolder() {
  const path = await mkdtemp(`${tmpdir()}/mixed-load-test-`);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
