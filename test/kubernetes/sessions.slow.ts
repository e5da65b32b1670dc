import { afterAll, beforeAll, expect } from "bun:test";
import { type GatewayProcess, lives, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { steadyClients } from "./steady-client.ts";
import {
  adapterOf,
  change,
  clusterOfFile,
  type Homed,
  kubectl,
  openSessions,
  pidOf,
  podLimitMs,
  register,
  startGatewayOn,
  statusOf,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("sessions over replicas that come and go");
const name = "weather";
const stack = new AsyncDisposableStack();
let gateway: GatewayProcess;

beforeAll(async () => {
  if (!cluster()) return;
  const { path } = stack.use(await temporaryDirectory());
  gateway = stack.use(await startGatewayOn(cluster(), path));
  await register(gateway.as(), adapterOf(name, { replicaCount: 3 }));
  await whenReady(gateway.as(), name, 3);
}, podLimitMs);
afterAll(() => stack.disposeAsync(), podLimitMs);

const replicas = (homes: readonly Homed[]) => [...new Set(homes.map(({ replica }) => replica))].toSorted();
const statuses = (homes: readonly Homed[]) => Promise.all(homes.map(({ session }) => session.statusOf("counter")));

/** Nine sessions at least, and as many more as it takes until each replica has one. */
async function sessionsEverywhere(): Promise<Homed[]> {
  const homes = await openSessions(gateway.mcpUrl(name), 9);
  return await until("each replica has a session", async () => {
    if (replicas(homes).length === 3) return homes;
    homes.push(...(await openSessions(gateway.mcpUrl(name), 1)));
    return undefined;
  });
}

/** What becomes of sessions when one replica ends by `how`. */
async function expectOnlyItsSessionsToEnd(victim: string, how: () => unknown): Promise<void> {
  const homes = await sessionsEverywhere();
  const pid = pidOf(cluster(), victim);
  await how();
  await until("the victim is dead", () => !lives(pid), podLimitMs);
  expect(await statuses(homes)).toEqual(homes.map(({ replica }) => (replica === victim ? 404 : 200)));
  expect(await openSessions(gateway.mcpUrl(name), 3)).toHaveLength(3);
  await whenReady(gateway.as(), name, 3);
  expect(await statuses(homes)).toEqual(homes.map(({ replica }) => (replica === victim ? 404 : 200)));
}

clusterTest("nine sessions spread over three replicas, and each stays on its own", async () => {
  const homes = await openSessions(gateway.mcpUrl(name), 9);
  expect(replicas(homes).length).toBeGreaterThan(1);
  for (const count of [1, 2, 3]) {
    const answers = await Promise.all(homes.map(({ session }) => session.call("counter")));
    expect(answers).toEqual(homes.map(({ replica }) => ({ count, replica })));
  }
});

clusterTest(
  "a pod deleted by force takes its own sessions along, and nobody else's",
  async () => {
    await expectOnlyItsSessionsToEnd("weather-1", () =>
      kubectl(cluster(), "delete", "pod", "weather-1", "--grace-period=0", "--force", "--wait=false"),
    );
  },
  podLimitMs * 2,
);

clusterTest(
  "a program that dies in its pod takes its own sessions along, and nobody else's",
  async () => {
    await expectOnlyItsSessionsToEnd("weather-2", () => process.kill(pidOf(cluster(), "weather-2"), "SIGKILL"));
    expect((await statusOf(gateway.as(), name))?.replicas.map(({ restarts }) => restarts)).toEqual([0, 0, 1]);
  },
  podLimitMs * 2,
);

clusterTest(
  "a rollout that comes to a halt leaves the sessions of replicas that it has not reached",
  async () => {
    const homes = await sessionsEverywhere();
    await change(gateway.as(), adapterOf(name, { replicaCount: 3, imageVersion: "missing" }));
    const halted = await until(
      "the third replica cannot be replaced",
      async () => {
        const status = await statusOf(gateway.as(), name);
        return status?.replicas[2]?.reason?.includes("missing") && status;
      },
      podLimitMs,
    );
    expect(halted.replicas.map(({ state }) => state)).toEqual(["ready", "ready", "starting"]);
    expect(await statuses(homes)).toEqual(homes.map(({ replica }) => (replica === "weather-2" ? 404 : 200)));
    expect(replicas(await openSessions(gateway.mcpUrl(name), 6))).not.toContain("weather-2");

    await change(gateway.as(), adapterOf(name, { replicaCount: 3 }));
    await whenReady(gateway.as(), name, 3);
    expect(await statuses(homes)).toEqual(homes.map(({ replica }) => (replica === "weather-2" ? 404 : 200)));
  },
  podLimitMs * 3,
);

clusterTest(
  "while every replica is replaced, clients that open another session on 404 see nothing else",
  async () => {
    await using clients = await steadyClients(gateway.mcpUrl(name), 6);
    await change(gateway.as(), adapterOf(name, { replicaCount: 3, imageVersion: "2" }));
    await whenReady(gateway.as(), name, 3);
    const before = clients.calls();
    await until("all go on", () => clients.calls().every((calls, index) => calls > (before[index] ?? 0) + 3));
    expect(clients.wrong()).toEqual([]);
    // Each replica went, so every one of them had to.
    expect(Math.min(...clients.renewed())).toBeGreaterThan(0);
  },
  podLimitMs * 3,
);

clusterTest(
  "fewer replicas keep the sessions of those that stay, and more of them all",
  async () => {
    const homes = await sessionsEverywhere();
    await using clients = await steadyClients(gateway.mcpUrl(name), 3);
    await change(gateway.as(), adapterOf(name, { replicaCount: 2, imageVersion: "2" }));
    await whenReady(gateway.as(), name, 2);
    expect(await statuses(homes)).toEqual(homes.map(({ replica }) => (replica === "weather-2" ? 404 : 200)));
    await change(gateway.as(), adapterOf(name, { replicaCount: 3, imageVersion: "2" }));
    await whenReady(gateway.as(), name, 3);
    expect(await statuses(homes)).toEqual(homes.map(({ replica }) => (replica === "weather-2" ? 404 : 200)));
    expect(clients.wrong()).toEqual([]);
  },
  podLimitMs * 3,
);
