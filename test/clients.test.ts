import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "../openapi/client/index.ts";
import { devHeaders, startGateway, type TestGateway } from "./support/gateway.ts";
import { clientKinds } from "./support/mcp-clients.ts";
import { until } from "./support/until.ts";

const everything = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js"));
const servers = ["stdio", "http"] as const;
let stack: AsyncDisposableStack;
let gateway: TestGateway;

/** The reference server of the MCP project, over stdio through mcp-proxy and over streamable HTTP; 3 replicas each. */
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "catalogue-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const catalogue = join(directory, "images.json");
  await writeFile(
    catalogue,
    JSON.stringify({ everything: { command: ["bun", everything, "streamableHttp"], description: "over HTTP" } }),
  );
  gateway = stack.use(await startGateway({ IMAGE_CATALOGUE: catalogue }));
  const client = gateway.as();
  const bodies = [
    { name: "http", imageName: "everything", imageVersion: "1", replicaCount: 3 },
    {
      name: "stdio",
      imageName: "mcp-proxy",
      imageVersion: "1",
      replicaCount: 3,
      environmentVariables: { MCP_COMMAND: process.execPath, MCP_ARGS: `${everything} stdio` },
    },
  ];
  for (const body of bodies) expect((await api.createAdapter({ client, body })).response?.status).toBe(201);
  for (const { name } of bodies) {
    await until(
      `${name} is healthy`,
      async () => {
        const { data } = await api.getAdapterStatus({ client, path: { name } });
        return data?.replicaStatus === "Healthy";
      },
      60_000,
    );
  }
}, 90_000);
afterAll(() => stack.disposeAsync());

for (const server of servers) {
  for (const [kind, connect] of Object.entries(clientKinds)) {
    describe(`SDK ${kind} to server-everything over ${server}`, () => {
      test("lists and calls tools, hears progress, logs and changed lists, answers the server, and ends its session", async () => {
        const client = await connect(gateway.mcpUrl(server), devHeaders("dev"));
        expect(client.revision()).toBe("2025-11-25");
        expect(client.session()).toMatch(/^g1\./);
        expect(await client.tools()).toContain("get-sum");
        expect(await client.call("get-sum", { a: 2, b: 3 })).toBe("The sum of 2 and 3 is 5.");

        expect(await client.call("trigger-long-running-operation", { duration: 0.2, steps: 4 })).toContain("completed");
        expect(client.heard.progress).toBe(4);

        expect(await client.call("trigger-sampling-request", { prompt: "hello", maxTokens: 10 })).toContain(
          "sampled answer",
        );
        expect(await client.call("trigger-elicitation-request")).toContain("User provided the requested information");
        expect(client.heard).toMatchObject({ sampled: 1, elicited: 1 });

        await client.call("toggle-simulated-logging");
        await until("a log message", () => client.heard.logs > 0);
        await client.call("toggle-simulated-logging");
        await client.call("gzip-file-as-resource", {
          name: "a.gz",
          data: "data:text/plain,hello",
          outputType: "resourceLink",
        });
        await until("a changed list on the GET stream", () => client.heard.resourceListChanged > 0);

        const session = client.session() as string;
        await client.end();
        expect(await statusOf(server, session)).toBe(server === "http" ? 400 : 404);
      }, 60_000);
    });
  }

  test(`an interrupted stream to server-everything over ${server} resumes with Last-Event-ID`, async () => {
    const first = await rpc(server, undefined, "initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    });
    const session = first.headers.get("mcp-session-id") as string;
    await first.text();
    const call = await rpc(server, session, "tools/call", {
      name: "trigger-long-running-operation",
      arguments: { duration: 1, steps: 4 },
      _meta: { progressToken: "p" },
    });
    const cut = await readUntil(call, '"progress":1');
    const lastEventId = /^id: (.+)$/m.exec(cut.slice(cut.lastIndexOf("id: ")))?.[1] as string;
    const resumed = await until("the rest of the answer", async () => {
      const stream = await fetch(gateway.mcpUrl(server), {
        headers: { accept: "text/event-stream", "mcp-session-id": session, "last-event-id": lastEventId },
      });
      // server-everything replays what it has stored, but sends nothing live on a resumed stream: ask again later.
      const seen = stream.status === 200 ? await readUntil(stream, resultText, 500) : await stream.text();
      return seen.includes(resultText) && seen;
    });
    expect(resumed).not.toContain('"progress":1,');
    expect(resumed).toContain('"progress":4');
  }, 60_000);
}

test("the mcp-example image speaks the modern revision without a session", async () => {
  const api_client = gateway.as();
  await api.createAdapter({
    client: api_client,
    body: { name: "example", imageName: "mcp-example", imageVersion: "1", replicaCount: 2 },
  });
  const client = await clientKinds["v2 auto"](gateway.mcpUrl("example"), devHeaders("dev"));
  expect(client.revision()).toBe("2026-07-28");
  expect(client.session()).toBeUndefined();
  expect(await client.call("add", { a: 2, b: 3 })).toContain("5");
  await client.end();
}, 60_000);

const resultText = "Long running operation completed";
let lastId = 0;
function rpc(server: string, session: string | undefined, method: string, params: unknown): Promise<Response> {
  return fetch(gateway.mcpUrl(server), {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session ? { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: ++lastId, method, params }),
  });
}

async function statusOf(server: string, session: string): Promise<number> {
  const response = await rpc(server, session, "tools/list", {});
  await response.text();
  return response.status;
}

/** Reads a stream until it holds this text, ends, or has taken its time; then lets go of it. */
async function readUntil(response: Response, text: string, limitMs = 10_000): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const timer = setTimeout(() => void reader.cancel(), limitMs);
  const decoder = new TextDecoder();
  let seen = "";
  while (!seen.includes(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    seen += decoder.decode(value, { stream: true });
  }
  clearTimeout(timer);
  await reader.cancel();
  return seen;
}
