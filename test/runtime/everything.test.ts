import { expect, test } from "bun:test";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { eventually, isAlive, openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

const everything = join(import.meta.dir, "../../node_modules/@modelcontextprotocol/server-everything/dist/index.js");

async function openEverything() {
  const bench = await openBench({ limits: { graceMs: 10_000 } });
  const environment = { MCP_COMMAND: process.execPath, MCP_ARGS: `"${everything}" stdio`, API_KEY: "mine" };
  await bench.runtime.apply(workload({ imageName: "mcp-proxy", environment }));
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  const url = new URL(`${endpoint?.origin}/mcp`);
  return { ...bench, url, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

const textOf = (result: { content?: unknown }) => JSON.stringify(result.content);

test("a client uses a stdio server through mcp-proxy as if it were remote: tools, progress, sampling, elicitation, roots", async () => {
  await using server = await openEverything();
  const client = new Client(
    { name: "test", version: "1" },
    { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } },
  );
  client.setRequestHandler("sampling/createMessage", async () => ({
    model: "test-model",
    role: "assistant",
    content: { type: "text", text: "sampled by the client" },
  }));
  client.setRequestHandler("elicitation/create", async () => ({ action: "accept", content: { name: "Ada Example" } }));
  client.setRequestHandler("roots/list", async () => ({
    roots: [{ uri: "file:///home/test", name: "home of the test" }],
  }));
  const listChanges: string[] = [];
  client.setNotificationHandler("notifications/tools/list_changed", () => void listChanges.push("tools"));
  const transport = new StreamableHTTPClientTransport(server.url);
  await client.connect(transport);

  expect(client.getServerVersion()?.name).toBe("mcp-servers/everything");
  // It registers tools that need what this client can do, and says so on the session's own stream.
  await eventually(
    () => listChanges.length,
    (count) => count > 0,
  );
  expect(textOf(await client.callTool({ name: "echo", arguments: { message: "hi" } }))).toContain("Echo: hi");

  const progress: number[] = [];
  await client.callTool(
    { name: "trigger-long-running-operation", arguments: { duration: 0.2, steps: 4 } },
    { onprogress: (step) => void progress.push(step.progress) },
  );
  expect(progress).toEqual([1, 2, 3, 4]);

  const sampled = await client.callTool({ name: "trigger-sampling-request", arguments: { prompt: "x", maxTokens: 5 } });
  expect(textOf(sampled)).toContain("sampled by the client");
  const elicited = await client.callTool({ name: "trigger-elicitation-request", arguments: {} });
  expect(textOf(elicited)).toContain("Ada Example");
  const roots = await client.callTool({ name: "get-roots-list", arguments: {} });
  expect(textOf(roots)).toContain("home of the test");
  const environment = await client.callTool({ name: "get-env", arguments: {} });
  expect(textOf(environment)).toContain("API_KEY");

  await transport.terminateSession();
  await client.close();
});

test("a client of both eras falls back to a session", async () => {
  await using server = await openEverything();
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(server.url));
  expect(textOf(await client.callTool({ name: "get-sum", arguments: { a: 2, b: 40 } }))).toContain("42");
  await client.close();
});

test("ending the session ends the server", async () => {
  await using server = await openEverything();
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(server.url);
  await client.connect(transport);
  const text = textOf(await client.callTool({ name: "get-env", arguments: {} }));
  expect(text).toContain("MCP_GATEWAY_REPLICA");
  const replica = server.events.find(({ msg }) => msg === "replica started")?.pid;
  const childrenOf = () =>
    Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(replica)])
      .stdout.toString()
      .trim();
  const pid = Number(childrenOf());
  expect(isAlive(pid)).toBe(true);
  await transport.terminateSession();
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
  await client.close();
});
