import { expect } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { openMcpSession } from "../support/mcp-session.ts";
import { hasPostgres, startPostgres } from "../support/postgres.ts";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  adapterOf,
  change,
  clusterOfFile,
  kubectl,
  podLimitMs,
  register,
  startGatewayOn,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("two gateways on one PostgreSQL");

clusterTest(
  "two processes on one PostgreSQL are one gateway: sessions, routing and work go on at the other when one is killed",
  async () => {
    if (!hasPostgres) return console.error("SKIPPED: two gateways on one PostgreSQL: no PostgreSQL here");
    await using directory = await temporaryDirectory();
    await using postgres = await startPostgres();
    const settings = {
      STORE_URL: postgres.url(await postgres.createDatabase()),
      GATEWAY_KEYS: "one-key-for-both-of-them-0123456789abcdef",
    };
    // Both at once on an empty database.
    const [first, second] = await Promise.all(
      ["gateway-1", "gateway-2"].map((POD_NAME) =>
        startGatewayOn(cluster(), directory.path, { ...settings, POD_NAME }),
      ),
    );
    if (!first || !second) throw new Error("not started");
    await using _first = first;
    await using _second = second;
    const holder = () => kubectl(cluster(), "get", "lease", "mcp-gateway", "-o=jsonpath={.spec.holderIdentity}");
    const leader = await until("one of them leads", async () => (await holder().catch(() => "")) || undefined);
    const [leading, other] = leader.startsWith("gateway-1_") ? [first, second] : [second, first];

    // Written at the one, carried out by the other, routed by both.
    await register(other.as(), adapterOf("weather", { replicaCount: 2 }));
    await whenReady(leading.as(), "weather", 2);
    const session = await openMcpSession(leading.mcpUrl("weather"), "dev");
    expect(await session.call("counter")).toMatchObject({ count: 1 });
    session.moveTo(other.mcpUrl("weather"));
    expect(await session.call("counter")).toMatchObject({ count: 2 });

    // Acknowledged right before the end of whoever acknowledged it, and of whoever would carry it out.
    await change(leading.as(), adapterOf("weather", { replicaCount: 3 }));
    await leading.end("SIGKILL");
    expect(await session.call("counter")).toMatchObject({ count: 3 });
    const { data } = await api.getAdapter({ client: other.as(), path: { name: "weather" } });
    expect(data?.replicaCount).toBe(3);
    await whenReady(other.as(), "weather", 3, 60_000);
    expect(await session.call("counter")).toMatchObject({ count: 4 });
    expect(await holder()).not.toBe(leader);

    // The database is killed: traffic goes on, changes are refused in words, and everything is as it was when it is back.
    await postgres.stop("SIGKILL");
    expect(await session.call("counter")).toMatchObject({ count: 5 });
    const refused = await api.updateAdapter({
      client: other.as(),
      path: { name: "weather" },
      body: adapterOf("weather"),
    });
    expect([refused.response?.status, refused.response?.headers.get("retry-after")]).toEqual([503, "5"]);
    const readiness = async () => (await fetch(new URL("/readyz", other.url))).json() as Promise<{ status: string }>;
    await until("it says that it is degraded", async () => (await readiness()).status === "degraded", podLimitMs);
    await postgres.start();
    await until("it is well again", async () => (await readiness()).status === "ok", podLimitMs);
    await change(other.as(), adapterOf("weather", { replicaCount: 1 }));
    await whenReady(other.as(), "weather", 1, 60_000);
  },
  180_000,
);
