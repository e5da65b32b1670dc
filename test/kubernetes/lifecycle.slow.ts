import { expect } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { clientKinds } from "../support/mcp-clients.ts";
import { devHeaders } from "../support/gateway.ts";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import {
  adapterOf,
  change,
  clusterOfFile,
  kubectl,
  namesInCluster,
  openSessions,
  podLimitMs,
  register,
  startGatewayOn,
  whenReady,
} from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("the life of adapters and tools");

/** READY and IMAGES, as an operator sees them. */
async function seenByKubectl(name: string): Promise<string> {
  const columns = "READY:.status.readyReplicas,WANTED:.spec.replicas,IMAGE:.spec.template.spec.containers[0].image";
  const printed = await kubectl(cluster(), "get", "statefulset", name, "--no-headers", `-o=custom-columns=${columns}`);
  return printed.trim().replaceAll(/ +/g, " ");
}

const allTrue = [
  { type: "Accepted", status: "True" },
  { type: "Available", status: "True" },
  { type: "Ready", status: "True" },
];

clusterTest(
  "an adapter is registered, scaled, updated and deleted over REST, and kubectl agrees at each step",
  async () => {
    await using directory = await temporaryDirectory();
    await using gateway = await startGatewayOn(cluster(), directory.path);
    const client = gateway.as();

    await register(client, adapterOf("weather"));
    expect(await whenReady(client, "weather", 1)).toMatchObject({
      image: "mcp-example:1",
      replicaStatus: "Healthy",
      reason: null,
      observedRevision: 1,
      conditions: allTrue,
      replicas: [{ name: "weather-0", instance: 0, state: "ready", restarts: 0, reason: null }],
    });
    expect(await seenByKubectl("weather")).toBe("1 1 mcp-example:1");
    const mcp = await clientKinds.v2(gateway.mcpUrl("weather"), devHeaders("dev"));
    expect(JSON.parse(await mcp.call("whoami"))).toMatchObject({ userId: "dev", replica: "weather-0" });

    await change(client, adapterOf("weather", { replicaCount: 3 }));
    expect(await whenReady(client, "weather", 3)).toMatchObject({ observedRevision: 2, conditions: allTrue });
    expect(await seenByKubectl("weather")).toBe("3 3 mcp-example:1");
    expect(JSON.parse(await mcp.call("counter"))).toEqual({ count: 1, replica: "weather-0" });

    await change(client, adapterOf("weather", { replicaCount: 2 }));
    const fewer = await whenReady(client, "weather", 2);
    expect(fewer.replicas.map(({ name }) => name)).toEqual(["weather-0", "weather-1"]);
    await until("kubectl sees two", async () => (await seenByKubectl("weather")) === "2 2 mcp-example:1", podLimitMs);
    expect(JSON.parse(await mcp.call("counter"))).toEqual({ count: 2, replica: "weather-0" });

    await change(client, adapterOf("weather", { replicaCount: 2, imageVersion: "2" }));
    expect(await whenReady(client, "weather", 2)).toMatchObject({ image: "mcp-example:2", updatedReplicas: 2 });
    expect(await seenByKubectl("weather")).toBe("2 2 mcp-example:2");
    expect(await openSessions(gateway.mcpUrl("weather"), 1)).toHaveLength(1);
    const told = await kubectl(cluster(), "events", "--for=statefulset/weather", "--no-headers");
    for (const reason of ["Deployed", "Scaled", "Updated"]) expect(told).toContain(reason);

    const { response } = await api.deleteAdapter({ client, path: { name: "weather" } });
    expect(response?.status).toBe(204);
    expect(await namesInCluster(cluster())).toEqual([]);
    expect((await api.getAdapter({ client, path: { name: "weather" } })).response?.status).toBe(404);
  },
  podLimitMs * 3,
);

clusterTest(
  "a tool on the cluster is called through the router, and leaves nothing behind",
  async () => {
    await using directory = await temporaryDirectory();
    await using gateway = await startGatewayOn(cluster(), directory.path);
    const client = gateway.as();
    const inputSchema = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] };
    const tool = { name: "forecast", description: "The weather in a city", inputSchema };
    const { response } = await api.createTool({
      client,
      body: { name: "forecast", imageName: "weather-tool", imageVersion: "1", toolDefinition: { tool } },
    });
    expect(response?.status).toBe(201);
    const status = await until(
      "the tool is ready",
      async () => {
        const { data } = await api.getToolStatus({ client, path: { name: "forecast" } });
        return data?.conditions.at(-1)?.status === "True" && data;
      },
      podLimitMs,
    );
    expect(status).toMatchObject({ image: "weather-tool:1", readyReplicas: 1, conditions: allTrue });
    expect(await seenByKubectl("forecast")).toBe("1 1 weather-tool:1");

    const mcp = await clientKinds.v1(new URL("/mcp", gateway.url), devHeaders("dev"));
    expect(await mcp.tools()).toEqual(["forecast"]);
    expect(JSON.parse(await mcp.call("forecast", { city: "Kyiv" }))).toMatchObject({ city: "Kyiv" });

    expect((await api.deleteTool({ client, path: { name: "forecast" } })).response?.status).toBe(204);
    expect(await namesInCluster(cluster())).toEqual([]);
  },
  podLimitMs * 2,
);
