import { expect } from "bun:test";
import { reflectorLimits } from "../../gateway/runtime/kubernetes/api/limits.ts";
import * as api from "../../openapi/client/index.ts";
import { temporaryDirectory } from "../support/process.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { openDoor } from "./door.ts";
import { startReplica } from "./in-process.ts";
import { openStand } from "./stand.ts";
import { adapterOf, change, clusterOfFile, openSessions, podLimitMs, register, whenReady } from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("watches that end, freeze or die");

/** What only a watch can have told. */
const sessionOn = (replica: string, mcp: URL) =>
  until(`a session on ${replica}`, async () => {
    return (await openSessions(mcp, 1)).some((home) => home.replica === replica);
  });

clusterTest(
  "while the API server is frozen traffic goes on and changes are taken, and are carried out when it thaws",
  async () => {
    await using stand = await openStand(cluster());
    const { client, clients, mcp } = stand;
    const [before = 0] = clients.calls();
    cluster().freezeApiServer();
    await change(client, adapterOf("weather", { replicaCount: 3 }));
    await register(client, adapterOf("new"));
    expect(await openSessions(mcp, 2)).toHaveLength(2);
    expect(await stand.readiness()).toBe(200);
    // Nobody waits for a status as long as for the API server.
    const signal = AbortSignal.timeout(15_000);
    const { data: status } = await api.getAdapterStatus({ client, path: { name: "new" }, signal });
    expect(status?.conditions[0]).toMatchObject({ type: "Accepted", status: "False", reason: "NotTaken" });
    await until("calls go on", () => (clients.calls()[0] ?? 0) > before + 10);
    cluster().thawApiServer();
    await Promise.all([whenReady(client, "weather", 3), whenReady(client, "new", 1)]);
    await sessionOn("weather-2", mcp);
    expect(clients.renewed()).toEqual([0, 0, 0, 0]);
    expect(clients.wrong()).toEqual([]);
  },
  podLimitMs * 3,
);

clusterTest(
  "a watch that says no more, and does not end, is given up: what was scaled since is routed to",
  async () => {
    await using directory = await temporaryDirectory();
    await using store = await temporaryStore();
    await using door = await openDoor(cluster(), directory.path);
    await using gateway = await startReplica(store, door, "gateway-0", { ...reflectorLimits, idleMs: 3_000 });
    const client = gateway.as();
    await register(client, adapterOf("unheard"));
    await whenReady(client, "unheard", 1);
    const [home] = await openSessions(gateway.mcpUrl("unheard"), 1);
    door.silenceWatches();
    await change(client, adapterOf("unheard", { replicaCount: 2 }));
    await whenReady(client, "unheard", 2);
    await sessionOn("unheard-1", gateway.mcpUrl("unheard"));
    expect(await home?.session.call("counter")).toEqual({ count: 1, replica: "unheard-0" });
  },
  podLimitMs * 2,
);

clusterTest(
  "after a compaction of etcd everything is listed anew, and what was scaled since is routed to",
  async () => {
    await using stand = await openStand(cluster());
    const { client, clients, mcp } = stand;
    const log = stand.log.fromNowOn();
    await cluster().compact();
    await log(/too old resource version|[Ee]xpired/);
    await change(client, adapterOf("weather", { replicaCount: 3 }));
    await whenReady(client, "weather", 3, podLimitMs * 2);
    await sessionOn("weather-2", mcp);
    expect(clients.renewed()).toEqual([0, 0, 0, 0]);
    expect(clients.wrong()).toEqual([]);
  },
  podLimitMs * 3,
);
