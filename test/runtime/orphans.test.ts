import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLines } from "../../gateway/runtime/local/lines.ts";
import { endOrphans, markedByPs } from "../../gateway/runtime/local/orphans.ts";
import { ownerOf } from "../../gateway/runtime/local/owner.ts";
import type { Endpoint, Workload } from "../../gateway/runtime/runtime.ts";
import { ask, isAlive, openBench, serverProgram } from "./support.ts";
import { workload } from "./workload.ts";

const stdioProgram = join(import.meta.dir, "programs/stdio.ts");

/** A data directory; whatever runs for it is ended when the test is over, however it went. */
async function openFolder() {
  const path = await mkdtemp(join(tmpdir(), "orphans-"));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await endOrphans({ owner: await ownerOf(path), graceMs: 0 });
      await rm(path, { recursive: true });
    },
  };
}

/** A real gateway process, killed with SIGKILL after `act` on its replica; `act` says which processes there are then. */
async function killedGateway(
  dataDirectory: string,
  wish: Workload,
  act: (endpoint: Endpoint, pid: number) => Promise<number[]>,
): Promise<number[]> {
  await Bun.write(join(dataDirectory, "images.json"), JSON.stringify({ server: { command: ["bun", serverProgram] } }));
  const gateway = Bun.spawn({
    cmd: [process.execPath, join(import.meta.dir, "programs/gateway.ts"), dataDirectory, JSON.stringify(wish)],
    stdout: "pipe",
  });
  let pid = 0;
  const ready = Promise.withResolvers<Endpoint>();
  void readLines(gateway.stdout, 10_000, (line) => {
    const said = JSON.parse(line);
    pid = said.pid ?? pid;
    if (said.endpoint !== undefined) ready.resolve(said.endpoint);
  });
  const pids = await act(await ready.promise, pid);
  gateway.kill("SIGKILL");
  await gateway.exited;
  return pids;
}

test("what a killed gateway left behind is ended when the next one starts, grandchildren included", async () => {
  await using folder = await openFolder();
  const dataDirectory = folder.path;
  const pids = await killedGateway(dataDirectory, workload({ environment: { IGNORE_TERM: "1" } }), async (endpoint) => [
    await ask<number>(endpoint, "/pid"),
    await ask<number>(endpoint, "/spawn"),
    await ask<number>(endpoint, "/spawn?detached"),
  ]);
  expect(pids.map(isAlive)).toEqual([true, true, true]);

  const owner = await ownerOf(dataDirectory);
  expect(await endOrphans({ owner, graceMs: 100 })).toBe(3);
  expect(pids.map(isAlive)).toEqual([false, false, false]);
  expect(await endOrphans({ owner, graceMs: 100 })).toBe(0);
});

test("a killed gateway's stdio servers behind mcp-proxy are ended too", async () => {
  await using folder = await openFolder();
  const dataDirectory = folder.path;
  const environment = { MCP_COMMAND: process.execPath, MCP_ARGS: `"${stdioProgram}"`, IGNORE_END: "1" };
  const pids = await killedGateway(
    dataDirectory,
    workload({ imageName: "mcp-proxy", environment }),
    async (endpoint, pid) => {
      const answer = await fetch(`${endpoint.origin}/mcp`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "initialize",
          params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
        }),
      });
      await answer.text();
      return [pid, childOf(pid)];
    },
  );
  // The proxy may end by itself, for nobody reads its log any more; this server ends neither with its input nor on SIGTERM.
  expect(isAlive(pids[1] ?? 0)).toBe(true);
  const owner = await ownerOf(dataDirectory);
  expect(await endOrphans({ owner, graceMs: 100 })).toBeGreaterThan(0);
  expect(pids.map(isAlive)).toEqual([false, false]);
});

test("a starting runtime ends the orphans of its own data directory and says how many", async () => {
  const owner = randomUUID();
  const dataDirectory = await mkdtemp(join(tmpdir(), "orphans-"));
  await Bun.write(join(dataDirectory, "owner"), `${owner}\n`);
  const mine = Bun.spawn(["sleep", "600"], { env: { MCP_GATEWAY_OWNER: owner } });
  await using bench = await openBench({ dataDirectory });
  expect(isAlive(mine.pid)).toBe(false);
  expect(bench.events.find(({ msg }) => String(msg).startsWith("ended replicas"))).toMatchObject({ count: 1 });
});

test("only an exact mark makes an orphan", async () => {
  const owner = randomUUID();
  const others = [
    { MCP_GATEWAY_OWNER: `${owner}0` },
    { MCP_GATEWAY_OWNER: randomUUID() },
    { OTHER: `MCP_GATEWAY_OWNER=${owner}` },
    { XMCP_GATEWAY_OWNER: owner },
  ].map((env) => Bun.spawn(["sleep", "600"], { env }));
  try {
    expect(await endOrphans({ owner, graceMs: 100 })).toBe(0);
    expect(others.map(({ pid }) => isAlive(pid))).toEqual([true, true, true, true]);
  } finally {
    for (const other of others) other.kill("SIGKILL");
  }
});

test("where there is no /proc, ps finds the same processes", async () => {
  const mark = `MCP_GATEWAY_OWNER=${randomUUID()}`;
  const [name = "", value] = mark.split("=");
  const mine = Bun.spawn(["sleep", "600"], { env: { A: "1", [name]: value, Z: "1" } });
  const other = Bun.spawn(["sleep", "600"], { env: { [name]: `${value}0` } });
  expect(await markedByPs(new Set([mark]))).toEqual([mine.pid]);
  mine.kill();
  other.kill();
});

test("the owner id stays the same and is for its owner's eyes only", async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), "owner-"));
  const [one, other] = await Promise.all([ownerOf(join(dataDirectory, "new")), ownerOf(join(dataDirectory, "new"))]);
  expect(one).toMatch(/^[0-9a-f-]{36}$/);
  expect(other).toBe(one);
  expect((await stat(join(dataDirectory, "new/owner"))).mode & 0o777).toBe(0o600);
  await Bun.write(join(dataDirectory, "owner"), "PATH");
  expect(ownerOf(dataDirectory)).rejects.toThrow("holds no owner id");
  await rm(dataDirectory, { recursive: true });
});

function childOf(pid: number): number {
  return Number(Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(pid)]).stdout.toString());
}
