import { expect } from "bun:test";
import { processTree } from "../bench/proc.ts";
import { openMcpSession } from "../support/mcp-session.ts";
import { hasPostgres, startPostgres } from "../support/postgres.ts";
import { lives, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { adapterOf, clusterOfFile, register, startGatewayOn, whenReady } from "./support.ts";

const { clusterTest, cluster } = await clusterOfFile("workers");

clusterTest(
  "two workers at one port are one gateway: a session goes on at either, one is started again, figures are added up",
  async () => {
    if (!hasPostgres) return console.error("SKIPPED: workers: no PostgreSQL here");
    await using directory = await temporaryDirectory();
    await using postgres = await startPostgres();
    await using gateway = await startGatewayOn(cluster(), directory.path, {
      STORE_URL: postgres.url(await postgres.createDatabase()),
      GATEWAY_KEYS: "one-key-for-both-of-them-0123456789abcdef",
      GATEWAY_WORKERS: "2",
      METRICS_PORT: "0",
    });
    const metricsUrl = await until("they are shown", () => /"metricsUrl":"([^"]+)"/.exec(gateway.log())?.[1]);
    const figures = async () => {
      const text = await (await fetch(metricsUrl)).text();
      return (line: RegExp) => Number(new RegExp(`^${line.source} (\\S+)$`, "m").exec(text)?.[1]);
    };
    const workers = async () => (await figures())(/mcp_gateway_workers/);
    const calls = async () => (await figures())(/mcp_gateway_rest_requests_total\{.*method="GET",status="2xx"\}/);

    await until("both serve", async () => (await workers()) === 2);
    await register(gateway.as(), adapterOf("weather"));
    await whenReady(gateway.as(), "weather", 1);
    expect((await figures())(/mcp_gateway_resources\{kind="adapter",managed_by="gateway"\}/)).toBe(1);
    const pids = workersOf(gateway);
    expect(pids).toHaveLength(2);

    // Both workers end below, so that whoever answers the session in the end has not opened it.
    const session = await openMcpSession(gateway.mcpUrl("weather"), "dev");
    let count = 0;
    const callOften = async (times: number) => {
      for (let i = 0; i < times; i++) {
        expect(await session.call("counter")).toMatchObject({ count: ++count });
        await fetch(new URL("/adapters", gateway.url), { headers: { connection: "close" } });
      }
    };
    await callOften(20);
    const before = await calls();
    expect(before).toBeGreaterThanOrEqual(20);

    // One is asked to go: what it has counted stays, and another one comes.
    process.kill(pids[0] as number, "SIGTERM");
    await until("another one serves", async () => {
      const now = workersOf(gateway);
      return (await workers()) === 2 && !now.includes(pids[0] as number);
    });
    expect(await calls()).toBeGreaterThanOrEqual(before);
    expect((await figures())(/mcp_gateway_worker_ends_total\{how="asked"\}/)).toBe(1);
    await callOften(20);

    // One crashes: clients on its connections notice, and connect again.
    process.kill(pids[1] as number, "SIGKILL");
    await until("another one serves", async () => {
      const now = workersOf(gateway);
      return (await workers()) === 2 && !now.includes(pids[1] as number);
    });
    expect((await figures())(/mcp_gateway_worker_ends_total\{how="crashed"\}/)).toBe(1);
    expect(await calls()).toBeGreaterThanOrEqual(before);
    await callOften(20);

    const last = workersOf(gateway);
    expect(await gateway.end("SIGTERM")).toBe(0);
    expect(last.filter(lives)).toEqual([]);
    for (const line of gateway.log().trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
  },
  180_000,
);

clusterTest("workers whose supervisor is killed finish what they have, and go", async () => {
  if (!hasPostgres) return console.error("SKIPPED: workers: no PostgreSQL here");
  await using directory = await temporaryDirectory();
  await using postgres = await startPostgres();
  const gateway = await startGatewayOn(cluster(), directory.path, {
    STORE_URL: postgres.url(await postgres.createDatabase()),
    GATEWAY_KEYS: "one-key-for-both-of-them-0123456789abcdef",
    GATEWAY_WORKERS: "2",
  });
  await until("both serve", () => gateway.log().includes("workers listen"));
  const pids = workersOf(gateway);
  expect(pids).toHaveLength(2);
  await gateway.end("SIGKILL");
  await until("they have gone", () => !pids.some(lives));
});

const workersOf = (gateway: { readonly pid: number }) => processTree(gateway.pid).slice(1);
