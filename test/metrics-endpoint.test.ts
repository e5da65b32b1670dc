import { expect, test } from "bun:test";
import * as api from "../openapi/client/index.ts";
import { samplesIn, samplesOf } from "./observe/figures.ts";
import { failingStore } from "./support/failing-store.ts";
import { startGateway } from "./support/gateway.ts";
import { openMcpSession } from "./support/mcp-session.ts";
import { staticRuntime } from "./support/static-runtime.ts";
import { temporaryStore } from "./support/store.ts";
import { until } from "./support/until.ts";

const statusOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).status;
const figuresAt = async (url: string) => samplesIn(await (await fetch(url)).text());

test("on a laptop the figures are at the gateway's own port, in the format that is asked for", async () => {
  await using gateway = await startGateway();
  const url = `${gateway.url}/metrics`;
  expect(gateway.metricsUrl).toBeUndefined();
  const plain = await fetch(url);
  expect(plain.status).toBe(200);
  expect(plain.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await plain.text()).toContain('\nmcp_gateway_build_info{version="0.1.0"} 1\n');
  const open = await fetch(url, { headers: { accept: "application/openmetrics-text;version=1.0.0" } });
  expect(open.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(await open.text()).toEndWith("\n# EOF\n");

  const head = await fetch(url, { method: "HEAD" });
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
  const post = await fetch(url, { method: "POST" });
  expect(post.status).toBe(405);
  expect(post.headers.get("allow")).toBe("GET");
});

test("nobody gets at them there by a name from outside, or through a proxy", async () => {
  await using gateway = await startGateway({ ALLOWED_HOSTS: "mcp.example.com" });
  const url = `${gateway.url}/metrics`;
  const { port } = new URL(url);
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, "127.1.2.3", "[::1]:8000", "LOCALHOST"]) {
    expect(await statusOf(url, { headers: { host } })).toBe(200);
  }
  for (const host of ["mcp.example.com", "rebound.example:8000", "localhost.example", "127.0.0.1.example"]) {
    expect(await statusOf(url, { headers: { host } })).toBe(404);
  }
  for (const header of ["x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip", "via"]) {
    expect(await statusOf(url, { headers: { [header]: "a" } })).toBe(404);
  }
});

test("at a port of their own there is nothing else, and they are nowhere else", async () => {
  await using gateway = await startGateway({ METRICS_PORT: "0" });
  const url = gateway.metricsUrl ?? "";
  expect(new URL(url).port).not.toBe(new URL(gateway.url).port);
  const answer = await fetch(url, { headers: { host: "10.1.2.3:9090", "x-forwarded-for": "10.1.2.4" } });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain("# TYPE mcp_gateway_requests_total counter\n");
  expect(await statusOf(url, { method: "HEAD" })).toBe(200);
  const post = await fetch(url, { method: "POST" });
  expect(post.status).toBe(405);
  expect(post.headers.get("allow")).toBe("GET, HEAD");
  const { origin } = new URL(url);
  for (const path of ["/", "/healthz", "/adapters", "/mcp", "/metrics/", "/metricsx"]) {
    expect(await statusOf(origin + path)).toBe(404);
  }
  const elsewhere = await fetch(`${gateway.url}/metrics`);
  expect(elsewhere.status).toBe(404);
  expect(elsewhere.headers.get("content-type")).toBe("application/problem+json");
});

test("a gateway that stops can be looked at until the end", async () => {
  const gateway = await startGateway({ METRICS_PORT: "0", SHUTDOWN_DELAY_SECONDS: "0.3" });
  const url = gateway.metricsUrl ?? "";
  const stopping = gateway[Symbol.asyncDispose]();
  expect(await statusOf(url)).toBe(200);
  await stopping;
  await expect(fetch(url)).rejects.toThrow();
});

test("they can be switched off, and where others reach the gateway they are", async () => {
  await using off = await startGateway({ METRICS_PORT: "off" });
  expect(off.metricsUrl).toBeUndefined();
  expect(await statusOf(`${off.url}/metrics`)).toBe(404);
  await using open = await startGateway({ HOST: "0.0.0.0", ALLOW_DEV_AUTH_ON_NETWORK: "true" });
  const { port } = new URL(open.url);
  expect(await statusOf(`http://127.0.0.1:${port}/healthz`)).toBe(200);
  expect(await statusOf(`http://127.0.0.1:${port}/metrics`)).toBe(404);
});

test("a port that is taken is said by its setting's name", async () => {
  await using other = await startGateway();
  const { port } = new URL(other.url);
  await expect(startGateway({ METRICS_PORT: port })).rejects.toThrow(`choose another METRICS_PORT`);
});

test("REST requests are counted by the contract's path, whatever is asked for", async () => {
  await using gateway = await startGateway();
  const headers = { "x-dev-userid": "ada" };
  await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      await statusOf(`${gateway.url}/adapters/made-up-${n}`, { headers });
      await statusOf(`${gateway.url}/nothing/here/${n}?${n}`, { headers });
    }),
  );
  await statusOf(`${gateway.url}/adapters`, { headers });
  await statusOf(`${gateway.url}/adapters`, { headers: { host: "evil.example" } });
  await statusOf(`${gateway.url}/adapters/x/status`, { headers, method: "PATCH" });
  await statusOf(`${gateway.url}/healthz`);
  const seen = await figuresAt(`${gateway.url}/metrics`);
  expect(samplesOf(seen, "mcp_gateway_rest_requests_total")).toEqual({
    '{route="/adapters/{name}",method="GET",status="4xx"}': 50,
    '{route="none",method="GET",status="4xx"}': 50,
    '{route="/adapters",method="GET",status="2xx"}': 1,
    '{route="/adapters",method="GET",status="4xx"}': 1,
    '{route="/adapters/{name}/status",method="PATCH",status="4xx"}': 1,
    '{route="/healthz",method="GET",status="2xx"}': 1,
  });
  expect(seen['mcp_gateway_rest_request_duration_seconds_count{route="/adapters/{name}",method="GET"}']).toBe(50);
});

test("an adapter's replicas are shown while it is there, and nothing of it is when it has gone", async () => {
  await using gateway = await startGateway();
  const client = gateway.as();
  const body = { name: "weather", imageName: "mcp-example", imageVersion: "1", replicaCount: 2 };
  await api.createAdapter({ client, body });
  const figures = () => figuresAt(`${gateway.url}/metrics`);
  const ready = 'mcp_gateway_replicas_ready{kind="adapter",name="weather"}';
  await until("two replicas are ready", async () => (await figures())[ready] === 2);
  const session = await openMcpSession(gateway.mcpUrl("weather"), "dev");
  expect(await session.statusOf("add")).toBe(200);
  const seen = await figures();
  expect(seen).toMatchObject({
    'mcp_gateway_replicas_desired{kind="adapter",name="weather"}': 2,
    'mcp_gateway_replica_starts_total{name="weather"}': 2,
    'mcp_gateway_resources{kind="adapter",managed_by="gateway"}': 1,
    'mcp_gateway_resource_writes_total{kind="adapter",action="create",author="client"}': 1,
    'mcp_gateway_store_operation_duration_seconds_count{operation="create",result="ok"}': 1,
    mcp_gateway_leader: 1,
    mcp_gateway_store_up: 1,
    mcp_gateway_change_feed_age_seconds: 0,
    mcp_gateway_audit_entries_waiting: 0,
  });
  expect(seen['mcp_gateway_reconciles_total{kind="workload",result="done"}']).toBeGreaterThan(0);
  expect(seen["mcp_gateway_upstream_connections"]).toBeGreaterThan(0);

  await api.deleteAdapter({ client, path: { name: "weather" } });
  const after = await until("it is gone", async () => {
    const now = await figures();
    return now['mcp_gateway_resources{kind="adapter",managed_by="gateway"}'] === 0 && now;
  });
  const own = Object.keys(after).filter((sample) => /^mcp_gateway_replica.*weather/.test(sample));
  expect(own).toEqual([]);
}, 60_000);

test("a store that is away is down, and what it refuses is counted", async () => {
  await using real = await temporaryStore();
  const { store, down, up } = failingStore(real);
  await using gateway = await startGateway({}, { store, runtime: staticRuntime([]) });
  const figures = () => figuresAt(`${gateway.url}/metrics`);
  expect((await figures())["mcp_gateway_store_up"]).toBe(1);
  down();
  const during = await until("the store is down", async () => {
    const now = await figures();
    return now["mcp_gateway_store_up"] === 0 && now;
  });
  const unavailable = 'mcp_gateway_store_operation_duration_seconds_count{operation="get",result="unavailable"}';
  expect(during[unavailable]).toBeGreaterThan(0);
  up();
  await until("the store is up", async () => (await figures())["mcp_gateway_store_up"] === 1);
}, 60_000);

const promtool = Bun.which("promtool");

test.skipIf(promtool === null)(
  "promtool finds nothing wrong with what a gateway shows",
  async () => {
    await using gateway = await startGateway();
    const client = gateway.as();
    const body = { name: "weather", imageName: "mcp-example", imageVersion: "1", replicaCount: 1 };
    await api.createAdapter({ client, body });
    await until("a replica is ready", async () => {
      const seen = await figuresAt(`${gateway.url}/metrics`);
      return seen['mcp_gateway_replicas_ready{kind="adapter",name="weather"}'];
    });
    const session = await openMcpSession(gateway.mcpUrl("weather"), "dev");
    await session.statusOf("add");
    const text = await (await fetch(`${gateway.url}/metrics`)).blob();
    const checked = Bun.spawnSync([promtool ?? "", "check", "metrics"], {
      stdin: new Uint8Array(await text.arrayBuffer()),
    });
    expect(`${checked.stdout}${checked.stderr}`).toBe("");
    expect(checked.exitCode).toBe(0);
  },
  60_000,
);
