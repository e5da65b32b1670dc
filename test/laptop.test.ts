import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endOrphans } from "../gateway/runtime/local/orphans.ts";
import * as api from "../openapi/client/index.ts";
import type { Client } from "./support/client.ts";
import { openMcpSession } from "./support/mcp-session.ts";
import { type GatewayProcess, lives, startGatewayProcess, temporaryDirectory } from "./support/process.ts";
import { until } from "./support/until.ts";

const reference = fileURLToPath(new URL("./fixtures/reference-server/main.ts", import.meta.url));

/** A gateway that knows the reference server as an image. */
async function start(directory: string, environment: Record<string, string> = {}) {
  const catalogue = join(directory, "images.json");
  await writeFile(catalogue, JSON.stringify({ reference: { command: ["bun", reference], description: "for tests" } }));
  return startGatewayProcess(join(directory, "data"), { IMAGE_CATALOGUE: catalogue, ...environment });
}

async function register(client: Client, more: Record<string, unknown> = {}) {
  const body = { name: "ref", imageName: "reference", imageVersion: "1", ...more };
  const { response } = await api.createAdapter({ client, body });
  expect(response?.status).toBe(201);
}

const healthy = (client: Client, replicas: number) =>
  until("all replicas are ready", async () => {
    const { data } = await api.getAdapterStatus({ client, path: { name: "ref" } });
    return (
      data?.replicaStatus === "Healthy" && data.readyReplicas === replicas && data.updatedReplicas === replicas && data
    );
  });
const sessions = (gateway: GatewayProcess, count: number) =>
  Promise.all(Array.from({ length: count }, () => openMcpSession(gateway.mcpUrl("ref"), "dev")));
const pidsOf = async (gateway: GatewayProcess, count: number) =>
  Promise.all((await sessions(gateway, count)).map(async (session) => (await session.call("replica")).pid as number));

test("three replicas serve, scale and die without anybody else noticing", async () => {
  await using directory = await temporaryDirectory();
  await using gateway = await start(directory.path);
  const client = gateway.as();
  await register(client, { replicaCount: 3 });
  expect(await healthy(client, 3)).toMatchObject({
    image: "reference:1",
    replicas: [0, 1, 2].map((instance) => ({
      name: `ref-${instance}`,
      instance,
      state: "ready",
      restarts: 0,
      reason: null,
    })),
  });

  const opened = await sessions(gateway, 30);
  const calls = () => Promise.all(opened.map(async (session) => (await session.call("replica")).pid as number));
  const homes = await calls();
  expect(new Set(homes).size).toBe(3);

  const body = { name: "ref", imageName: "reference", imageVersion: "1", replicaCount: 5 };
  await api.updateAdapter({ client, path: { name: "ref" }, body });
  await healthy(client, 5);
  expect(await calls()).toEqual(homes);

  const victim = homes[0] as number;
  process.kill(victim, "SIGKILL");
  await until("the victim is dead", () => !lives(victim));
  const statuses = await Promise.all(opened.map((session) => session.statusOf("replica")));
  expect(statuses).toEqual(homes.map((pid) => (pid === victim ? 404 : 200)));
  const status = await healthy(client, 5);
  expect(status.replicas.map(({ restarts }) => restarts).toSorted()).toEqual([0, 0, 0, 0, 1]);
}, 60_000);

test("a changed variable rolls through the replicas, and a removed one is gone", async () => {
  await using directory = await temporaryDirectory();
  const catalogue = { image: { command: ["bun", "-e", printEnvironment], description: "prints its environment" } };
  await writeFile(join(directory.path, "images.json"), JSON.stringify(catalogue));
  await using gateway = await startGatewayProcess(join(directory.path, "data"), {
    IMAGE_CATALOGUE: join(directory.path, "images.json"),
    MY_SECRET: "of the gateway",
  });
  const client = gateway.as();
  const image = { name: "ref", imageName: "image", imageVersion: "1" };
  await register(client, { ...image, replicaCount: 2, environmentVariables: { COLOR: "red", SIZE: "large" } });
  await healthy(client, 2);
  const environments = () =>
    Promise.all(
      [0, 1].map(async (instance) => {
        const { data } = await api.getAdapterLogs({ client, path: { name: "ref" }, query: { instance, tail: 1 } });
        return JSON.parse(data as string) as Record<string, string>;
      }),
    );
  for (const environment of await environments()) {
    expect(environment).toMatchObject({ COLOR: "red", SIZE: "large" });
    expect(environment.MY_SECRET).toBeUndefined();
  }
  await api.updateAdapter({
    client,
    path: { name: "ref" },
    body: { ...image, replicaCount: 2, environmentVariables: { COLOR: "blue" } },
  });
  await healthy(client, 2);
  for (const environment of await environments()) {
    expect(environment.COLOR).toBe("blue");
    expect(environment.SIZE).toBeUndefined();
  }
}, 60_000);

const printEnvironment = `
  console.log(JSON.stringify(process.env));
  Bun.serve({ port: process.env.PORT, hostname: process.env.HOST, fetch: () => new Response() });
`;

test("followed logs grow with what the replica writes", async () => {
  await using directory = await temporaryDirectory();
  const echo =
    'Bun.serve({ port: process.env.PORT, fetch: (r) => (console.log(r.method, new URL(r.url).search), new Response("{}")) })';
  await writeFile(join(directory.path, "images.json"), JSON.stringify({ image: { command: ["bun", "-e", echo] } }));
  await using gateway = await startGatewayProcess(join(directory.path, "data"), {
    IMAGE_CATALOGUE: join(directory.path, "images.json"),
  });
  const client = gateway.as();
  await register(client, { imageName: "image" });
  await healthy(client, 1);
  const abort = new AbortController();
  const response = await fetch(`${gateway.url}/adapters/ref/logs?follow=true`, { signal: abort.signal });
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  let seen = "";
  const decoder = new TextDecoder();
  const reading = (async () => {
    for await (const bytes of response.body as ReadableStream<Uint8Array>)
      seen += decoder.decode(bytes, { stream: true });
  })().catch(() => {});
  for (const query of ["?first", "?second"]) {
    await fetch(gateway.mcpUrl("ref") + query, { method: "POST", body: "{}" });
    await until(`${query} is in the log`, () => seen.includes(`POST ${query}\n`));
  }
  abort.abort();
  await reading;
  const beyond = await api.getAdapterLogs({ client, path: { name: "ref" }, query: { instance: 7 } });
  expect(beyond.error).toMatchObject({ status: 404, detail: "The adapter has no instance 7." });
}, 60_000);

test("an unknown image is refused with the names that are known, and nothing is left behind", async () => {
  await using directory = await temporaryDirectory();
  await using gateway = await start(directory.path);
  const client = gateway.as();
  const body = { name: "ref", imageName: "nginx", imageVersion: "1" };
  const refused = await api.createAdapter({ client, body });
  expect(refused.error?.status).toBe(422);
  expect(refused.error?.detail).toContain("Known images: mcp-example, mcp-proxy, reference, weather-tool.");
  expect((await api.listAdapters({ client })).data).toEqual([]);
  await register(client);
  const changed = await api.updateAdapter({ client, path: { name: "ref" }, body });
  expect(changed.error?.status).toBe(422);
  expect((await api.getAdapter({ client, path: { name: "ref" } })).data?.imageName).toBe("reference");
}, 60_000);

test("records, keys and replicas are back after SIGTERM, and no process is left between", async () => {
  await using directory = await temporaryDirectory();
  const first = await start(directory.path);
  await register(first.as(), { replicaCount: 2 });
  await healthy(first.as(), 2);
  const pids = new Set(await pidsOf(first, 12));
  expect(pids.size).toBe(2);
  expect(await first.end("SIGTERM")).toBe(0);
  expect([...pids].filter(lives)).toEqual([]);
  expect(first.log()).toContain('"msg":"stopped"');

  await using second = await start(directory.path);
  await healthy(second.as(), 2);
  expect((await api.getAdapter({ client: second.as(), path: { name: "ref" } })).data?.replicaCount).toBe(2);
}, 60_000);

test("what a killed gateway leaves behind is ended by the next one", async () => {
  await using directory = await temporaryDirectory();
  const first = await start(directory.path);
  await register(first.as(), { replicaCount: 2 });
  await healthy(first.as(), 2);
  const pids = [...new Set(await pidsOf(first, 12))];
  expect(await first.end("SIGKILL")).toBe("SIGKILL");
  expect(pids.filter(lives)).toEqual(pids);

  await using second = await start(directory.path);
  await until("the leftovers are gone", () => pids.filter(lives).length === 0);
  await healthy(second.as(), 2);
}, 60_000);

test("a second gateway on the same directory is refused with what to do", async () => {
  await using directory = await temporaryDirectory();
  await using first = await start(directory.path);
  expect(start(directory.path)).rejects.toThrow(/Another gateway .*STORE_URL/);
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
}, 60_000);

test("behind a proxy the gateway answers to its public name and speaks of itself by it", async () => {
  await using directory = await temporaryDirectory();
  await using gateway = await start(directory.path, { PUBLIC_ORIGIN: "https://mcp.example.com" });
  const response = await fetch(`${gateway.url}/adapters`, {
    method: "POST",
    headers: { host: "mcp.example.com", origin: "https://mcp.example.com", "content-type": "application/json" },
    body: JSON.stringify({ name: "ref", imageName: "reference", imageVersion: "1" }),
  });
  expect(response.headers.get("location")).toBe("https://mcp.example.com/adapters/ref");
}, 60_000);

test("a port that is taken is said so, and no replica is left running", async () => {
  await using directory = await temporaryDirectory();
  const first = await start(directory.path);
  await register(first.as());
  await healthy(first.as(), 1);
  await first.end("SIGTERM");

  await using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const starting = start(directory.path, { PORT: `${other.port}` });
  await expect(starting).rejects.toThrow(`Cannot listen on 127.0.0.1:${other.port}.`);
  const owner = await Bun.file(join(directory.path, "data", "owner")).text();
  expect(await endOrphans({ owner: owner.trim(), graceMs: 1000 })).toBe(0);
}, 60_000);

test("wrong settings are all said at once, and nothing starts", async () => {
  await using directory = await temporaryDirectory();
  const starting = startGatewayProcess(directory.path, { PORT: "eighty", HOST: "0.0.0.0", LOG_LEVEL: "loud" });
  expect(starting).rejects.toThrow(/The gateway's settings are wrong:\n {2}PORT: .*\n {2}LOG_LEVEL: .*/);
}, 20_000);
