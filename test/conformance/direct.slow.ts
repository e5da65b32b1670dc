import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type ReferenceServer, startReferenceServer } from "./reference.ts";
import { runSuite } from "./run-suite.ts";
import type { SuiteName } from "./suites.ts";

const suiteLimitMs = 180_000;

let server: ReferenceServer;
beforeAll(async () => {
  server = await startReferenceServer();
}, 30_000);
afterAll(() => server[Symbol.asyncDispose]());

type Expected = { passed: number; scenarios: number; warned: string[] };
const expected: Record<SuiteName, Expected> = {
  "0.1 active": { passed: 40, scenarios: 30, warned: [] },
  // It asks for the stream as revision 2025-03-26, which has no priming event; suite 0.2 asks as 2025-11-25.
  "0.1 all": { passed: 44, scenarios: 32, warned: ["server-sse-priming-event", "server-sse-retry-field"] },
  "0.2 required by 2025-11-25": { passed: 84, scenarios: 33, warned: [] },
  "0.2 all of 2026-07-28": { passed: 152, scenarios: 40, warned: [] },
};

for (const [name, { passed, scenarios, warned }] of Object.entries(expected) as [SuiteName, Expected][]) {
  test(
    `the reference server fails no check of suite ${name}`,
    async () => {
      const result = await runSuite(server.url, name);
      expect(result.complaints.filter(({ status }) => status === "FAILURE")).toEqual([]);
      expect(result).toMatchObject({ passed, failed: 0 });
      expect(Object.keys(result.scenarios)).toHaveLength(scenarios);
      expect(result.complaints.map(({ check }) => check).toSorted()).toEqual(warned);
    },
    suiteLimitMs,
  );
}

test("the reference server cuts neither an answer nor a stream that is silent for longer than 10 seconds", async () => {
  const modern = new Client(
    { name: "test", version: "1.0.0" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  await modern.connect(new StreamableHTTPClientTransport(new URL(server.url)));
  const answer = modern.callTool({ name: "stay_silent", arguments: { ms: 13_000 } });

  // By hand: an SDK client would open a stream that was cut again, and resume it.
  const legacy = new StreamableHTTPClientTransport(new URL(server.url));
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(legacy);
  const stream = await fetch(server.url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2025-11-25",
      "Mcp-Session-Id": legacy.sessionId ?? "",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 7,
      method: "tools/call",
      params: { name: "stay_silent", arguments: { ms: 13_000 } },
    }),
  });
  expect(await stream.text()).toContain("Silent for 13000 ms.");
  expect((await answer).content).toEqual([{ type: "text", text: "Silent for 13000 ms." }]);
  await Promise.all([modern.close(), client.close()]);
}, 30_000);
