import { expect, test } from "bun:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OlderClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OlderTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { rawSession } from "./raw-session.ts";
import { openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

const requestInit = { headers: { "x-mcp-userid": "ada", "x-mcp-roles": "mcp.engineer" } };

async function openExample() {
  const bench = await openBench();
  await bench.runtime.apply(workload({ imageName: "mcp-example" }));
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  const origin = endpoint?.origin ?? "";
  return { origin, url: new URL(`${origin}/mcp`), [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

async function openClient(url: URL, mode: "auto" | "legacy") {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
  return client;
}

for (const mode of ["auto", "legacy"] as const) {
  test(`the sample server adds and says who calls, to a client of ${mode === "auto" ? "the new revision" : "the older revisions"}`, async () => {
    await using example = await openExample();
    const client = await openClient(example.url, mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === "auto" ? "2026-07-28" : "2025-11-25");
    expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual(["add", "counter", "whoami"]);
    const { structuredContent } = await client.callTool({ name: "add", arguments: { a: 2, b: 40 } });
    expect(structuredContent).toEqual({ sum: 42 });
    const whoami = await client.callTool({ name: "whoami", arguments: {} });
    expect(whoami.structuredContent).toEqual({
      userId: "ada",
      roles: "mcp.engineer",
      replica: "weather-0",
      pid: expect.any(Number),
    });
    await client.close();
  });
}

test("the sample server counts the calls of each session for itself", async () => {
  await using example = await openExample();
  const [one, other] = await Promise.all([openClient(example.url, "legacy"), openClient(example.url, "legacy")]);
  const count = async (client: Client) => (await client.callTool({ name: "counter", arguments: {} })).structuredContent;
  expect(await count(one)).toEqual({ count: 1, replica: "weather-0" });
  expect(await count(one)).toEqual({ count: 2, replica: "weather-0" });
  expect(await count(other)).toEqual({ count: 1, replica: "weather-0" });
  await Promise.all([one.close(), other.close()]);
});

test("the previous generation of clients works, and a session that was ended is gone", async () => {
  await using example = await openExample();
  const client = new OlderClient({ name: "test", version: "1" });
  const transport = new OlderTransport(example.url);
  await client.connect(transport);
  expect((await client.callTool({ name: "add", arguments: { a: 1, b: 1 } })).structuredContent).toEqual({ sum: 2 });
  await client.close();

  const session = await rawSession(example.origin, "2025-03-26");
  expect((await session.post({ id: 1, method: "ping" })).status).toBe(200);
  expect((await session.end()).status).toBe(200);
  expect((await session.post({ id: 1, method: "ping" })).status).toBe(404);
});

test("the sample server answers to no other host's name, and to no page of one", async () => {
  await using example = await openExample();
  expect((await fetch(example.url, { headers: { host: "evil.example" } })).status).toBe(403);
  expect((await fetch(example.url, { headers: { origin: "https://evil.example" } })).status).toBe(403);
});
