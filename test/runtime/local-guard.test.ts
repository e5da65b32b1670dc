import { afterAll, beforeAll, expect, test } from "bun:test";
import { audienceOf } from "../../gateway/assertion/assertion.ts";
import { signingKeyFrom } from "../../gateway/assertion/keys.ts";
import { assertionSigner } from "../../gateway/assertion/signer.ts";
import type { Endpoint } from "../../gateway/runtime/runtime.ts";
import * as api from "../../openapi/client/index.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { clientKinds } from "../support/mcp-clients.ts";
import { openMcpSession } from "../support/mcp-session.ts";
import { lives } from "../support/process.ts";
import { until } from "../support/until.ts";
import { type Bench, openBench } from "./support.ts";
import { clusterWorkload as workload } from "./kubernetes/objects/support.ts";

const secret = "a gateway key of thirty-two characters";
const key = signingKeyFrom(secret);
const sign = assertionSigner({ key: () => key, now: Date.now });
const principal = { key: "dev:ada", id: "ada", name: "Ada", roles: ["mcp.dev"] };
const assertionFor = (adapter: string) =>
  sign({ principal, audience: audienceOf("local", adapter), session: undefined, pod: undefined });

test("nothing gets to a replica but what the gateway vouches for", async () => {
  await using bench = await openGuarded();
  const endpoint = await readyEndpoint(bench, "weather");
  const ask = (headers: Record<string, string>) => fetch(`${endpoint.origin}/env`, { headers });
  expect((await ask({})).status).toBe(403);
  expect((await ask({ "mcp-gateway-assertion": assertionFor("other") })).status).toBe(403);
  expect((await ask({ "mcp-gateway-assertion": assertionFor("weather") })).status).toBe(200);
}, 20_000);

test("a guard that ends takes its replica along, and both come again as another", async () => {
  await using bench = await openGuarded();
  const before = await readyEndpoint(bench, "weather");
  process.kill(guardPid(bench, before), "SIGKILL");
  const after = await until("another replica", () =>
    bench.runtime.endpoints.of("weather").find(({ id, state }) => state === "ready" && id !== before.id),
  );
  expect(after.name).toBe("weather-0");
  const answer = await fetch(after.origin, { headers: { "mcp-gateway-assertion": assertionFor("weather") } });
  expect(answer.status).not.toBe(403);
}, 20_000);

test("neither replica nor guard outlives its removal", async () => {
  await using bench = await openGuarded();
  const guard = guardPid(bench, await readyEndpoint(bench, "weather"));
  expect(lives(guard)).toBe(true);
  await bench.runtime.remove("weather");
  await until("the guard is gone", () => !lives(guard));
}, 20_000);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ GUARD: "on" });
  const body = {
    name: "example",
    imageName: "mcp-example",
    imageVersion: "1",
    replicaCount: 2,
    requiredRoles: ["mcp.dev"],
  };
  await api.createAdapter({ client: gateway.as(), body });
  await until("the replicas are ready", async () => {
    const { data } = await api.getAdapterStatus({ client: gateway.as(), path: { name: "example" } });
    return data?.readyReplicas === 2;
  });
}, 20_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

for (const [kind, connect] of Object.entries(clientKinds)) {
  test(`SDK ${kind} calls tools through gateway and guard, and ends its session`, async () => {
    const client = await connect(gateway.mcpUrl("example"), devHeaders("ada"));
    expect(JSON.parse(await client.call("add", { a: 2, b: 3 }))).toEqual({ sum: 5 });
    await client.end();
  });
}

test("a server behind its guard hears who calls, and sessions stay where they are", async () => {
  const session = await openMcpSession(gateway.mcpUrl("example"), "ada");
  const { replica, userId } = await session.call("whoami");
  expect(userId).toBe("ada");
  for (const count of [1, 2, 3]) expect(await session.call("counter")).toEqual({ count, replica });
  const other = await openMcpSession(gateway.mcpUrl("example"), "bob");
  expect((await other.call("whoami"))["userId"]).toBe("bob");
});

async function openGuarded(): Promise<Bench> {
  const bench = await openBench({ guarded: true });
  await bench.runtime.guarding?.keys.publish([{ kid: key.kid, x: key.x, sinceMs: 0 }]);
  await bench.runtime.apply(workload({ name: "weather", imageName: "server", replicaCount: 1 }));
  return bench;
}

function readyEndpoint({ runtime }: Bench, name: string): Promise<Endpoint> {
  return until("a replica is ready", () => runtime.endpoints.of(name).find(({ state }) => state === "ready"));
}

function guardPid({ events }: Bench, { id }: Endpoint): number {
  return events.find((event) => event["msg"] === "replica started" && event["id"] === id)?.["guardPid"] as number;
}
