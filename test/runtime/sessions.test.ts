import { expect, test } from "bun:test";
import { mcpSessions, sessionLimits } from "../../gateway/runtime/images/sessions.ts";
import { initialize } from "./raw-session.ts";

const begin = () =>
  new Request("http://127.0.0.1/mcp", {
    method: "POST",
    headers: { accept: "application/json, text/event-stream", "content-type": "application/json" },
    body: initialize(),
  });

test("sessions that are being opened count too", async () => {
  const gate = Promise.withResolvers<void>();
  const sessions = mcpSessions({
    limits: { ...sessionLimits, sessions: 1 },
    async open() {
      await gate.promise;
      return { pending: () => 0, end: async () => {} };
    },
  });
  const first = sessions.fetch(begin());
  const second = await sessions.fetch(begin());
  gate.resolve();
  expect([(await first).status, second.status]).toEqual([200, 503]);
  await sessions.dispose();
});

test("a server that cannot be opened is an error that says why, and takes no place", async () => {
  const sessions = mcpSessions({
    limits: { ...sessionLimits, sessions: 1 },
    open: () => Promise.reject(new Error("no such program")),
  });
  for (const answer of [await sessions.fetch(begin()), await sessions.fetch(begin())]) {
    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual({
      jsonrpc: "2.0",
      id: null,
      error: { code: -32000, message: "The MCP server did not start: no such program" },
    });
  }
  expect(sessions.count()).toBe(0);
});
