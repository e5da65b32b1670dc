import { expect, test } from "bun:test";
import type { Endpoint, Workload } from "../../gateway/runtime/runtime.ts";
import { ask, eventually, isAlive, openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

const pidOf = (endpoint: Endpoint | undefined) => ask<number>(endpoint, "/pid");
const environmentOf = (endpoint: Endpoint | undefined) => ask<Record<string, string>>(endpoint, "/env");
const byName = (endpoints: readonly Endpoint[]) =>
  [...endpoints].sort((one, other) => (one.name < other.name ? -1 : 1));

test("every replica runs on a port of its own and is ready when it answers, with whatever status", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ replicaCount: 3 }));
  const endpoints = byName(await readyEndpoints(runtime, 3));

  expect(endpoints.map(({ name }) => name)).toEqual(["weather-0", "weather-1", "weather-2"]);
  expect(new Set(endpoints.map(({ origin }) => origin)).size).toBe(3);
  for (const { id, origin } of endpoints) {
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  }
  expect(await runtime.status(workload())).toEqual({
    desired: 3,
    ready: 3,
    updated: 3,
    image: "server:1",
    observedRevision: 1,
    reason: null,
    replicas: [0, 1, 2].map((instance) => ({
      name: `weather-${instance}`,
      instance,
      state: "ready" as const,
      restarts: 0,
      reason: null,
    })),
  });
  expect(await runtime.names()).toEqual(["weather"]);
  expect(runtime.endpoints.of("weather")).toBe(runtime.endpoints.of("weather"));
});

test("a replica is no endpoint before it answers", async () => {
  await using bench = await openBench();
  await bench.runtime.apply(workload({ environment: { START_DELAY_MS: "300" } }));
  await eventually(
    () => bench.events,
    (events) => events.some(({ msg }) => msg === "replica started"),
  );
  expect(bench.runtime.endpoints.of("weather")).toEqual([]);
  expect((await bench.runtime.status(workload()))?.replicas[0]?.state).toBe("starting");
  await readyEndpoints(bench.runtime, 1);
});

test("a replica sees no variable of the gateway that is not needed to run programs", async () => {
  await using bench = await openBench({
    gatewayEnvironment: { PATH: process.env.PATH, HOME: "/home/user", GATEWAY_KEYS: "secret", AWS_SECRET: "secret" },
    images: {
      configured: { command: ["bun", `${import.meta.dir}/programs/server.ts`], environment: { LEVEL: "a", B: "b" } },
    },
  });
  await Bun.write(`${bench.directory}/.env`, "FROM_ENV_FILE=secret");
  await bench.runtime.apply(
    workload({ imageName: "configured", environment: { LEVEL: "mine", PORT: "1", MCP_GATEWAY_OWNER: "forged" } }),
  );
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  const environment = await environmentOf(endpoint);

  expect(Object.keys(environment).sort()).toEqual(
    ["B", "HOME", "HOST", "HOSTNAME", "LEVEL", "MCP_GATEWAY_OWNER", "MCP_GATEWAY_REPLICA", "PATH", "PORT"].sort(),
  );
  expect(environment.LEVEL).toBe("mine");
  expect(environment.HOSTNAME).toBe("weather-0");
  expect(`http://${environment.HOST}:${environment.PORT}`).toBe(endpoint?.origin ?? "");
  expect(environment.MCP_GATEWAY_OWNER).toMatch(/^[0-9a-f-]{36}$/);
});

test("a replica gets the secrets that the store keeps, and a changed one makes another replica of it", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ environment: { TOKEN: { secret: "kept away" } } }));
  const [before] = await readyEndpoints(runtime, 1);
  expect((await environmentOf(before)).TOKEN).toBe("kept away");
  await runtime.apply(workload({ environment: { TOKEN: { secret: "kept away" } }, revision: 2 }));
  expect((await runtime.status(workload()))?.replicas).toHaveLength(1);
  await runtime.apply(workload({ environment: { TOKEN: { secret: "renewed" } }, revision: 3 }));
  const [after] = await eventually(
    () => runtime.endpoints.of("weather"),
    (now) => now.length === 1 && now[0]?.id !== before?.id && now[0]?.state === "ready",
  );
  expect((await environmentOf(after)).TOKEN).toBe("renewed");
  expect(JSON.stringify([bench.events, await runtime.status(workload())])).not.toMatch(/kept away|renewed/);
});

test("a status says which revision is taken, and nothing of a deleted namesake's", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  expect(await runtime.status(workload())).toBeUndefined();
  await runtime.apply(workload({ revision: 3, imageVersion: `sha256:${"a".repeat(64)}` }));
  expect(await runtime.status(workload({ revision: 4 }))).toMatchObject({
    observedRevision: 3,
    image: `server@sha256:${"a".repeat(64)}`,
  });
  expect((await runtime.status(workload({ uid: "uid-2", revision: 1 })))?.observedRevision).toBeNull();
});

test("an image that has gone from the catalogue is a reason, whether replicas still run or not", async () => {
  await using bench = await openBench();
  const { runtime, directory } = bench;
  await runtime.apply(workload());
  await readyEndpoints(runtime, 1);
  expect((await runtime.status(workload()))?.reason).toBeNull();
  await Bun.write(`${directory}/images.json`, "{}");
  const gone = `Unknown image "server". Known images: mcp-example, mcp-proxy, weather-tool. Add it to ${directory}/images.json.`;
  expect(await runtime.status(workload())).toMatchObject({ ready: 1, observedRevision: 1, reason: gone });
  expect(await runtime.status(workload({ name: "other", replicaCount: 2 }))).toEqual({
    desired: 2,
    ready: 0,
    updated: 0,
    image: "Unknown",
    observedRevision: null,
    reason: gone,
    replicas: [],
  });
});

test("scaling touches no replica that stays", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ replicaCount: 2 }));
  const before = byName(await readyEndpoints(runtime, 2));
  await runtime.apply(workload({ replicaCount: 4 }));
  const grown = byName(await readyEndpoints(runtime, 4));
  expect(grown.slice(0, 2)).toEqual(before);

  await runtime.apply(workload({ replicaCount: 1 }));
  await eventually(
    () => runtime.status(workload()),
    (status) => status?.replicas.length === 1,
  );
  expect(runtime.endpoints.of("weather")).toEqual(before.slice(0, 1));

  const pid = await pidOf(before[0]);
  await runtime.apply(workload({ replicaCount: 0 }));
  await eventually(
    () => runtime.endpoints.of("weather"),
    (endpoints) => endpoints.length === 0,
  );
  expect(isAlive(pid)).toBe(false);
  expect(await runtime.names()).toEqual(["weather"]);
});

test("a replica that leaves is draining before it is told to end", async () => {
  await using bench = await openBench({ limits: { drainMs: 400 } });
  const { runtime } = bench;
  await runtime.apply(workload({ replicaCount: 2 }));
  const before = byName(await readyEndpoints(runtime, 2));
  const seen: string[][] = [];
  runtime.endpoints.subscribe((name) => seen.push(byName(runtime.endpoints.of(name)).map(({ state }) => state)));
  const begun = performance.now();
  await runtime.apply(workload({ replicaCount: 1 }));

  expect(byName(runtime.endpoints.of("weather"))).toEqual([
    expect.objectContaining({ id: before[0]?.id, state: "ready" }),
    expect.objectContaining({ id: before[1]?.id, origin: before[1]?.origin, state: "draining" }),
  ]);
  expect(await pidOf(before[1])).toBeGreaterThan(0);
  await readyEndpoints(runtime, 1);
  expect(performance.now() - begun).toBeGreaterThan(390);
  expect(seen).toEqual([["ready", "draining"], ["ready"]]);
});

test("a replica that ends by itself is no endpoint any more and comes back as another one", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ environment: { STDERR: "disk full" } }));
  const [before] = await readyEndpoints(runtime, 1);
  const changes: number[] = [];
  runtime.endpoints.subscribe((name) => changes.push(runtime.endpoints.of(name).length));
  await fetch(`${before?.origin}/exit?n=3`);
  const [after] = await eventually(
    () => runtime.endpoints.of("weather"),
    ([endpoint]) => endpoint !== undefined && endpoint.id !== before?.id,
  );

  expect(changes).toEqual([0, 1]);
  expect(after?.name).toBe("weather-0");
  expect(after?.origin).not.toBe(before?.origin);
  expect((await runtime.status(workload()))?.replicas[0]).toMatchObject({ state: "ready", restarts: 1, reason: null });
  expect(bench.events.find(({ msg }) => msg === "replica ended by itself, will restart")).toMatchObject({
    reason: "exited with code 3",
    restartInMs: 20,
  });
});

test("a replica that cannot run waits longer and longer, and says why", async () => {
  await using bench = await openBench();
  await bench.runtime.apply(workload({ environment: { CRASH: "7", STDERR: "no such database" } }));
  const status = await eventually(
    () => bench.runtime.status(workload()),
    (status) => {
      const replica = status?.replicas[0];
      return replica?.state === "waiting" && replica.restarts >= 3;
    },
  );
  expect(status?.replicas[0]?.reason).toBe("exited with code 7: no such database");
  expect(status?.reason).toBe("weather-0: exited with code 7: no such database");
  const pauses = bench.events.flatMap(({ restartInMs }) => (restartInMs === undefined ? [] : [restartInMs]));
  expect(pauses.slice(0, 4)).toEqual([20, 40, 80, 80]);
  expect(status?.ready).toBe(0);
});

test("a replica that was killed says by what", async () => {
  await using bench = await openBench({ limits: { restartFirstMs: 60_000, restartCapMs: 60_000 } });
  await bench.runtime.apply(workload());
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  process.kill(await pidOf(endpoint), "SIGKILL");
  const status = await eventually(
    () => bench.runtime.status(workload()),
    (status) => status?.replicas[0]?.state === "waiting",
  );
  expect(status?.replicas[0]?.reason).toBe("killed by SIGKILL");
  expect(bench.runtime.endpoints.of("weather")).toEqual([]);
});

test("a replica that never answers is ended and started again", async () => {
  await using bench = await openBench({ limits: { startMs: 150 } });
  await bench.runtime.apply(workload({ environment: { NEVER_LISTEN: "1" } }));
  const status = await eventually(
    () => bench.runtime.status(workload()),
    (status) => (status?.replicas[0]?.restarts ?? 0) >= 1 && status?.replicas[0]?.reason !== null,
  );
  expect(status?.replicas[0]?.reason).toMatch(/^did not answer on port \d+ within 0\.15 s$/);
});

test("a program that does not exist is a reason, not a crash", async () => {
  await using bench = await openBench({ images: { typo: { command: ["no-such-program"] } } });
  await bench.runtime.apply(workload({ imageName: "typo" }));
  const status = await eventually(
    () => bench.runtime.status(workload()),
    (status) => status?.replicas[0]?.state === "waiting",
  );
  expect(status?.replicas[0]?.reason).toContain("no-such-program");
});

test("removal ends a replica that ignores SIGTERM, and what it has started", async () => {
  await using bench = await openBench({ limits: { graceMs: 150 } });
  const { runtime } = bench;
  await runtime.apply(workload({ environment: { IGNORE_TERM: "1" } }));
  const [endpoint] = await readyEndpoints(runtime, 1);
  const pids = [
    await pidOf(endpoint),
    await ask<number>(endpoint, "/spawn"),
    await ask<number>(endpoint, "/spawn?detached"),
  ];
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  await runtime.remove("weather");
  expect(pids.map(isAlive)).toEqual([false, false, false]);
  expect(await runtime.names()).toEqual([]);
  expect(await runtime.status(workload())).toBeUndefined();
  expect(runtime.endpoints.of("weather")).toEqual([]);
  await runtime.remove("weather");
});

test("what a crashed replica has left running is ended before it starts again; the endpoint goes at once", async () => {
  await using bench = await openBench({ limits: { graceMs: 500 } });
  const { endpoints } = bench.runtime;
  await bench.runtime.apply(workload());
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  const pid = await ask<number>(endpoint, "/spawn?detached&stubborn");
  await fetch(`${endpoint?.origin}/exit?n=1`);
  await eventually(
    () => endpoints.of("weather").length,
    (count) => count === 0,
  );
  expect(isAlive(pid)).toBe(true);
  await readyEndpoints(bench.runtime, 1);
  expect(isAlive(pid)).toBe(false);
});

test("a workload that is applied while it is removed runs again", async () => {
  await using bench = await openBench({ limits: { graceMs: 200 } });
  const { runtime } = bench;
  await runtime.apply(workload({ environment: { IGNORE_TERM: "1" } }));
  const [before] = await readyEndpoints(runtime, 1);
  const removed = runtime.remove("weather");
  await runtime.apply(workload({ uid: "uid-2" }));
  await removed;
  const after = await eventually(
    () => runtime.endpoints.of("weather"),
    (now) => now.length === 1 && now[0]?.state === "ready",
  );
  expect(after[0]?.id).not.toBe(before?.id);
  expect(await runtime.names()).toEqual(["weather"]);
});

test("disposing the runtime ends all replicas at the same time, draining or not", async () => {
  const bench = await openBench({ limits: { drainMs: 60_000 } });
  const { runtime } = bench;
  await runtime.apply(workload({ replicaCount: 2 }));
  await runtime.apply(workload({ name: "other", environment: { CRASH: "1" } }));
  const pids = await Promise.all((await readyEndpoints(runtime, 2)).map(pidOf));
  await runtime.apply(workload({ replicaCount: 1 }));
  const begun = performance.now();
  await bench[Symbol.asyncDispose]();
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(runtime.apply(workload())).rejects.toThrow("shutting down");
});

test("an image that cannot run is refused with a sentence that helps", async () => {
  await using bench = await openBench();
  const { runtime, directory } = bench;
  expect(runtime.refusal(workload())).toBeUndefined();
  const detail = (changes: Partial<Workload>) => runtime.refusal(workload(changes))?.detail;
  expect(runtime.refusal(workload({ imageName: "x" }))).toEqual({
    why: "unrunnable",
    detail: `Unknown image "x". Known images: mcp-example, mcp-proxy, server, weather-tool. Add it to ${directory}/images.json.`,
  });
  expect(detail({ replicaCount: 65 })).toBe("At most 64 replicas run on a laptop, 65 are wanted.");
  expect(detail({ imageName: "constructor" })).toStartWith('Unknown image "constructor".');
  expect(detail({ imageName: "mcp-proxy" })).toBe(
    "mcp-proxy needs MCP_COMMAND (a stdio server to run) or MCP_PROXY_URL (a remote server).",
  );
  expect(runtime.apply(workload({ imageName: "x" }))).rejects.toThrow('Unknown image "x"');
});
