import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { build } from "../../build.ts";
import * as api from "../../openapi/client/index.ts";
import { apiServer, kubeconfigFor } from "../injector/api-server.ts";
import { startInjector } from "../injector/process.ts";
import { cosmosEmulator } from "../support/cosmos.ts";
import { openMcpSession } from "../support/mcp-session.ts";
import { startReceiver } from "../support/otlp-receiver.ts";
import { hasPostgres, sharedPostgres } from "../support/postgres.ts";
import { startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";

// Outside the checkout, so that nothing is found in its node_modules.
let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
const built = (path: string) => join(folder.path, "built", path);

beforeAll(async () => {
  folder = await temporaryDirectory();
  await build(built(""));
}, 60_000);
afterAll(() => folder[Symbol.asyncDispose]());

test("a gateway that was built passes calls through a guard to a bundled server, and its router and doctor work", async () => {
  await using data = await temporaryDirectory();
  await using collector = startReceiver();
  const environment = { GUARD: "on", OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "50" };
  await using gateway = await startGatewayProcess(data.path, environment, built("gateway/main.ts"));
  const client = gateway.as();
  const image = { imageVersion: "1", replicaCount: 1 };
  const adapter = { ...image, name: "example", imageName: "mcp-example", exposeTools: true };
  expect((await api.createAdapter({ client, body: adapter })).response?.status).toBe(201);
  await until("the server is there", async () => {
    const { data } = await api.getAdapterStatus({ client, path: { name: "example" } });
    return data?.replicaStatus === "Healthy";
  });

  const session = await openMcpSession(gateway.mcpUrl("example"), "dev");
  expect(await session.call("add", { a: 2, b: 3 })).toEqual({ sum: 5 });
  const params = { name: "example_add", arguments: { a: 2, b: 40 } };
  const routed = await fetch(`${gateway.url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
  expect(await routed.text()).toContain('"structuredContent":{"sum":42}');
  const inputSchema = { type: "object" as const, properties: { city: { type: "nonsense" } } };
  const toolDefinition = { tool: { name: "weather", description: "", inputSchema } };
  const tool = { ...image, name: "weather", imageName: "weather-tool", toolDefinition };
  expect((await api.createTool({ client, body: tool })).response?.status).toBe(400);
  const diagnosis = await api.diagnoseAdapter({ client, path: { name: "example" } });
  expect(diagnosis.response?.status).toBe(200);
  const spans = () => new Set(collector.spans.map(({ resource }) => resource["service.name"]));
  await until("gateway and guard have told of their spans", () => spans().size === 2);
  for (const path of ["/openapi.json", "/docs", "/docs/scalar.js"]) {
    expect((await fetch(`${gateway.url}${path}`)).status).toBe(200);
  }
}, 60_000);

test("a gateway that was built keeps its records in Cosmos DB", async () => {
  await using emulator = await cosmosEmulator();
  await keepsRecordsIn(emulator.url());
}, 60_000);

test.if(hasPostgres)(
  "a gateway that was built keeps its records in PostgreSQL",
  async () => {
    const postgres = await sharedPostgres();
    await keepsRecordsIn(postgres.url(await postgres.createDatabase()));
  },
  60_000,
);

test("an injector that was built makes its certificate", async () => {
  await using data = await temporaryDirectory();
  await using cluster = apiServer();
  const KUBECONFIG = await kubeconfigFor(cluster, data.path);
  await using injector = await startInjector({ KUBECONFIG }, built("injector/main.ts"));
  await until("it is ready", async () => (await injector.ask("/readyz")).status === 200);
});

test("the other programs are there", async () => {
  for (const program of ["gateway/doctor-main.ts", "gateway/store-main.ts"]) {
    const child = Bun.spawn([process.execPath, built(program), "--help"], {
      env: {},
      stdout: "pipe",
      stderr: "inherit",
    });
    expect(await child.stdout.text()).toContain("--help");
    expect(await child.exited).toBe(0);
  }
});

async function keepsRecordsIn(STORE_URL: string): Promise<void> {
  await using data = await temporaryDirectory();
  const environment = { STORE_URL, GATEWAY_KEYS: "a".repeat(43) };
  await using gateway = await startGatewayProcess(data.path, environment, built("gateway/main.ts"));
  const client = gateway.as();
  const body = { name: "kept", imageName: "mcp-example", imageVersion: "1", replicaCount: 0 };
  expect((await api.createAdapter({ client, body })).response?.status).toBe(201);
  expect((await api.getAdapter({ client, path: { name: "kept" } })).data?.name).toBe("kept");
}
