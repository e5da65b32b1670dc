import { expect } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { until } from "../support/until.ts";
import { openStand } from "./stand.ts";
import {
  adapterOf,
  change,
  clusterOfFile,
  namesInCluster,
  openSessions,
  podLimitMs,
  register,
  statusOf,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("an outage of the API server");

clusterTest(
  "while the API server is away traffic goes on and changes are taken, and are carried out when it is back",
  async () => {
    await using stand = await openStand(cluster());
    const { client, clients, mcp } = stand;
    await register(client, adapterOf("old"));
    await whenReady(client, "old", 1);
    const sessions = await openSessions(mcp, 4);
    const log = stand.log.fromNowOn();

    await cluster().killApiServer();
    await until("the status says that it may be old", async () => {
      const status = await statusOf(client, "weather");
      return status?.reason?.includes("this may be old") && status.readyReplicas === 2;
    });
    await change(client, adapterOf("weather", { replicaCount: 3 }));
    await register(client, adapterOf("new"));
    const deletion = api.deleteAdapter({ client, path: { name: "old" } });
    const waiting = await statusOf(client, "new");
    expect(waiting?.conditions[0]).toMatchObject({ type: "Accepted", status: "False", reason: "NotTaken" });
    expect(waiting?.reason).toMatch(/connect|refused/i);
    // The longest wait there is: for so long it may hold that it leads, and not longer.
    await log(/"leading":false/);
    expect(await stand.readiness()).toBe(200);
    expect(await openSessions(mcp, 2)).toHaveLength(2);
    expect(await statusOf(client, "weather")).toMatchObject({ observedRevision: 1, readyReplicas: 2 });

    await cluster().startApiServer();
    // The scheduler, too, has been waiting longer and longer.
    await Promise.all([whenReady(client, "weather", 3, podLimitMs * 2), whenReady(client, "new", 1, podLimitMs * 2)]);
    expect((await deletion).response?.status).toBe(204);
    await until("it is gone", async () => !(await namesInCluster(cluster())).join().includes("old"), podLimitMs);
    expect(await statusOf(client, "weather")).toMatchObject({ observedRevision: 2, reason: null });
    for (const { session, replica } of sessions) expect(await session.call("counter")).toEqual({ count: 1, replica });
    expect(clients.renewed()).toEqual([0, 0, 0, 0]);
    expect(clients.wrong()).toEqual([]);
  },
  podLimitMs * 4,
);
