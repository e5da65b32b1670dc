import { expect, test } from "bun:test";
import { leaderElection } from "../../../../gateway/runtime/kubernetes/api/lease.ts";
import { fakeTime, settled } from "./fake-time.ts";
import { leaseServer } from "./lease-server.ts";

type World = { time: ReturnType<typeof fakeTime>; server: ReturnType<typeof leaseServer> };

function world(): World {
  return { time: fakeTime(), server: leaseServer() };
}

/** `clockMs`: how far its clock is off. */
function contender({ time, server }: World, identity: string, { clockMs = 0 } = {}) {
  const line: { state: "open" | "cut" | "silent" } = { state: "open" };
  const stop = new AbortController();
  const heard: string[] = [];
  const election = leaderElection({
    client: server.clientOf(line),
    namespace: "adapter",
    name: "mcp-gateway",
    identity,
    now: () => Date.parse("2026-01-01T00:00:00Z") + time.now() + clockMs,
    elapsed: time.now,
    random: () => 0,
    pause: time.pause,
    signal: stop.signal,
    onChange: ({ leading, holder }) => heard.push(`${leading ? "leads" : "follows"}, ${holder ?? "nobody"} has it`),
  });
  return {
    line,
    heard,
    election,
    leading: election.leading,
    async stop() {
      stop.abort();
      await election.done;
    },
  };
}

/** Time goes by, and never do two lead. */
async function pass(world: World, seconds: number, ...contenders: { leading(): boolean }[]): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 0.5) {
    await world.time.forward(500);
    expect(contenders.filter(({ leading }) => leading()).length).toBeLessThan(2);
  }
}

test("of two that come at once one leads, and renews; the other knows who", async () => {
  const here = world();
  const a = contender(here, "a");
  const b = contender(here, "b");
  await pass(here, 60, a, b);
  expect([a.heard, b.heard]).toEqual([["leads, a has it"], ["follows, a has it"]]);
  expect(here.server.lease?.spec).toEqual({
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "2026-01-01T00:00:00.000000Z",
    renewTime: "2026-01-01T00:01:00.000000Z",
    leaseTransitions: 0,
  });
  await a.stop();
  await b.stop();
});

test("who stops releases, and the next one leads without waiting for the end of the lease", async () => {
  const here = world();
  const a = contender(here, "a");
  const b = contender(here, "b");
  await pass(here, 4, a, b);
  await a.stop();
  expect(a.heard).toEqual(["leads, a has it", "follows, a has it", "follows, nobody has it"]);
  expect(here.server.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 0 });
  await pass(here, 2, a, b);
  expect(b.leading()).toBe(true);
  expect(here.server.lease?.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
  await b.stop();
});

for (const broken of ["cut", "silent"] as const)
  test(`a leader whose line is ${broken} leads no more after 10 seconds, and the other from 15 on`, async () => {
    const here = world();
    const a = contender(here, "a");
    const b = contender(here, "b");
    await pass(here, 3.5, a, b);
    a.line.state = broken;
    // Renewed at 2 seconds.
    await pass(here, 8, a, b);
    expect([a.leading(), b.leading()]).toEqual([true, false]);
    await pass(here, 0.5, a, b);
    expect([a.leading(), b.leading()]).toEqual([false, false]);
    expect(a.heard.at(-1)).toBe("follows, a has it");
    await pass(here, 4.5, a, b);
    expect(b.leading()).toBe(false);
    await pass(here, 4, a, b);
    expect(b.leading()).toBe(true);
    a.line.state = "open";
    await pass(here, 15, a, b);
    expect([a.leading(), b.leading()]).toEqual([false, true]);
    expect(a.heard.at(-1)).toBe("follows, b has it");
    await a.stop();
    await b.stop();
  });

test("a leader that did not get to look at its clock in time does not lead", async () => {
  const here = world();
  const a = contender(here, "a");
  await pass(here, 2, a);
  a.line.state = "silent";
  const at = here.time.now();
  expect(a.leading()).toBe(true);
  here.time.jump(at + 10_000);
  expect(a.leading()).toBe(false);
  await a.stop();
});

test("nobody's clock is believed: an hour off, both ways, the lease is kept as long as it is renewed", async () => {
  for (const clockMs of [-3_600_000, 3_600_000]) {
    const here = world();
    const a = contender(here, "a", { clockMs });
    await pass(here, 1, a);
    const b = contender(here, "b");
    await pass(here, 60, a, b);
    expect([a.leading(), b.leading()]).toEqual([true, false]);
    await a.stop();
    await b.stop();
  }
});

test("a lease that was never seen to change is waited for in full, however old it says it is", async () => {
  const here = world();
  const renewTime = "2020-01-01T00:00:00.000000Z";
  here.server.write({ holderIdentity: "gone", leaseDurationSeconds: 20, renewTime, leaseTransitions: 4 });
  const a = contender(here, "a");
  await pass(here, 19.5, a);
  expect(a.heard).toEqual(["follows, gone has it"]);
  await pass(here, 3, a);
  expect(a.leading()).toBe(true);
  expect(here.server.lease?.spec?.leaseTransitions).toBe(5);
  await a.stop();
});

test("a leader whose lease another one has written follows at once; one that was deleted is made again", async () => {
  const here = world();
  const a = contender(here, "a");
  await pass(here, 3, a);
  here.server.lease = undefined;
  await pass(here, 2, a);
  expect(a.heard).toEqual(["leads, a has it"]);
  expect(here.server.lease).toMatchObject({ spec: { holderIdentity: "a" } });
  here.server.write({ holderIdentity: "b", leaseDurationSeconds: 15 });
  await pass(here, 2, a);
  expect(a.heard.slice(1)).toEqual(["follows, b has it"]);
  await a.stop();
  expect(here.server.lease).toMatchObject({ spec: { holderIdentity: "b" } });
});

test("a lease that another one has taken meanwhile is not released by who stops", async () => {
  const here = world();
  const a = contender(here, "a");
  await pass(here, 1, a);
  here.server.write({ holderIdentity: "b", leaseDurationSeconds: 15 });
  expect(a.leading()).toBe(true);
  await a.stop();
  expect(here.server.lease?.spec).toEqual({ holderIdentity: "b", leaseDurationSeconds: 15 });
});

test("who has never led releases nothing, and stops at once in the middle of a request", async () => {
  const here = world();
  const a = contender(here, "a");
  a.line.state = "silent";
  await settled();
  await a.stop();
  expect(here.server.writes).toBe(0);
});
