import { expect, test } from "bun:test";
import { ask, eventually, openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

test("a new environment rolls from the highest ordinal down, and a ready replica is there all the time", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ replicaCount: 3, environment: { OLD: "1", KEPT: "1" } }));
  const before = await readyEndpoints(runtime, 3);
  const readyCounts: number[] = [];
  const arrivals: string[] = [];
  const known = new Set(before.map(({ id }) => id));
  runtime.endpoints.subscribe(() => {
    const ready = runtime.endpoints.of("weather").filter(({ state }) => state === "ready");
    readyCounts.push(ready.length);
    for (const { id, name } of ready) if (!known.has(id)) arrivals.push(name);
    for (const { id } of ready) known.add(id);
  });

  await runtime.apply(workload({ replicaCount: 3, environment: { KEPT: "1", NEW: "1" } }));
  const status = await eventually(
    () => runtime.status(workload()),
    (status) => status?.updated === 3 && status.replicas.length === 3,
  );
  expect(status?.ready).toBe(3);
  expect(arrivals).toEqual(["weather-2", "weather-1", "weather-0"]);
  expect(Math.min(...readyCounts)).toBe(3);
  expect(Math.max(...readyCounts)).toBe(3);

  const after = await readyEndpoints(runtime, 3);
  expect(after.some(({ id }) => before.some((old) => old.id === id))).toBe(false);
  for (const endpoint of after) {
    const environment = await ask<Record<string, string>>(endpoint, "/env");
    expect([environment.OLD, environment.KEPT, environment.NEW]).toEqual([undefined, "1", "1"]);
  }
});

test("a rollout that fails leaves the old replica serving, says why, and gives way to the next wish", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ replicaCount: 2 }));
  const before = await readyEndpoints(runtime, 2);
  await runtime.apply(
    workload({ replicaCount: 2, imageVersion: "2", environment: { CRASH: "1", STDERR: "bad setting" } }),
  );
  const status = await eventually(
    () => runtime.status(workload()),
    (status) => status?.replicas.some(({ state }) => state === "waiting") === true,
  );

  expect(status).toMatchObject({ desired: 2, ready: 2, updated: 0, image: "server:2" });
  expect(status?.replicas.filter(({ state }) => state === "waiting")).toMatchObject([
    { name: "weather-1", reason: "exited with code 1: bad setting" },
  ]);
  expect(runtime.endpoints.of("weather")).toEqual(before);

  await runtime.apply(workload({ replicaCount: 2, imageVersion: "3" }));
  await eventually(
    () => runtime.status(workload()),
    (status) => status?.updated === 2 && status.replicas.length === 2,
  );
  expect(runtime.endpoints.of("weather").some(({ id }) => before.some((old) => old.id === id))).toBe(false);
});

test("going back to what runs ends a rollout without touching anything", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload());
  const before = await readyEndpoints(runtime, 1);
  await runtime.apply(workload({ environment: { NEVER_LISTEN: "1" } }));
  await eventually(
    () => runtime.status(workload()),
    (status) => status?.replicas.length === 2,
  );
  await runtime.apply(workload());
  await eventually(
    () => runtime.status(workload()),
    (status) => status?.replicas.length === 1,
  );
  expect(runtime.endpoints.of("weather")).toEqual(before);
});

test("the same wish again and again changes nothing", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload({ environment: { A: "1", B: "2" } }));
  const before = await readyEndpoints(runtime, 1);
  await runtime.apply(workload({ environment: { B: "2", A: "1" } }));
  await runtime.apply(workload({ environment: { A: "1", B: "2" } }));
  expect((await runtime.status(workload()))?.replicas.length).toBe(1);
  expect(runtime.endpoints.of("weather")).toBe(before);
});

test("a workload that was deleted and created again gets new replicas", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  await runtime.apply(workload());
  const [before] = await readyEndpoints(runtime, 1);
  await runtime.apply(workload({ uid: "uid-2" }));
  await eventually(
    () => runtime.endpoints.of("weather"),
    (now) => now.length === 1 && now[0]?.id !== before?.id && now[0]?.state === "ready",
  );
});
