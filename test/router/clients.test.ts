import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { clientKinds } from "../support/mcp-clients.ts";
import { until } from "../support/until.ts";
import { registrar } from "./stand.ts";

let gateway: TestGateway;

/** The bundled sample tool and the bundled sample server, as child processes. */
beforeAll(async () => {
  gateway = await startGateway();
  const register = registrar(gateway);
  await register.adapter({
    name: "example",
    imageName: "mcp-example",
    imageVersion: "1",
    replicaCount: 2,
    exposeTools: true,
  });
  await register.tool("weather-tool", {
    imageName: "weather-tool",
    replicaCount: 2,
    tool: {
      description: "The weather in a city",
      inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  });
  const client = gateway.as();
  await until("both are healthy", async () => {
    const adapter = await api.getAdapterStatus({ client, path: { name: "example" } });
    const tool = await api.getToolStatus({ client, path: { name: "weather-tool" } });
    return adapter.data?.replicaStatus === "Healthy" && tool.data?.replicaStatus === "Healthy";
  });
}, 60_000);
afterAll(() => gateway[Symbol.asyncDispose]());

for (const [kind, connect] of Object.entries(clientKinds)) {
  test(`SDK ${kind} finds tools and adapters' tools at /mcp, and calls them`, async () => {
    const client = await connect(new URL("/mcp", gateway.url), devHeaders("dev"));
    expect(client.revision()).toBe(kind === "v2 auto" ? "2026-07-28" : "2025-11-25");
    expect(client.session()).toBeUndefined();
    expect(await client.tools()).toEqual(["example_add", "example_counter", "example_whoami", "weather-tool"]);
    expect(JSON.parse(await client.call("example_add", { a: 2, b: 3 }))).toEqual({ sum: 5 });
    expect(JSON.parse(await client.call("example_whoami"))).toMatchObject({ userId: "dev", roles: "mcp.dev" });
    expect(await client.call("weather-tool", { city: "Oslo" })).toContain("Oslo");
    expect(await client.call("weather-tool", {})).toContain("city");
    await client.end();
  });
}

test("a legacy server's session behind the router goes on from call to call", async () => {
  const client = await clientKinds.v1(new URL("/mcp", gateway.url), devHeaders("grace", "mcp.admin"));
  const first = JSON.parse(await client.call("example_counter"));
  const second = JSON.parse(await client.call("example_counter"));
  expect(second).toEqual({ count: first.count + 1, replica: first.replica });
  await client.end();
});
