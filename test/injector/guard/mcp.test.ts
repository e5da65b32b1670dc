import { afterAll, beforeAll, expect, test } from "bun:test";
import { startReferenceServer } from "../../conformance/reference.ts";
import { clientKinds } from "../../support/mcp-clients.ts";
import { openMcpSession } from "../../support/mcp-session.ts";
import { until } from "../../support/until.ts";
import { startFront } from "./front.ts";
import { reader } from "./raw-server.ts";
import { gatewayKey, type GuardProcess, keyVolume, startGuard, vouched } from "./support.ts";

const stack = new AsyncDisposableStack();
let guard: GuardProcess;
let url: URL;

/** Real clients, the gateway's part, the guard and a real server. */
beforeAll(async () => {
  const server = stack.use(await startReferenceServer());
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  guard = stack.use(await startGuard(new URL(server.url).origin, volume.file));
  url = stack.use(startFront(guard.url)).url;
});
afterAll(() => stack.disposeAsync());

for (const [kind, connect] of Object.entries(clientKinds)) {
  test(`SDK ${kind} connects, lists, calls, hears what it did not ask for, and ends`, async () => {
    const client = await connect(url, {});
    expect(client.revision()).toBe(kind === "v2 auto" ? "2026-07-28" : "2025-11-25");
    expect(await client.tools()).toContain("whoami");
    expect(JSON.parse(await client.call("whoami"))).toEqual({ userId: "ada", roles: ["mcp.dev"] });
    await client.call("test_tool_with_progress");
    expect(client.heard.progress).toBe(3);
    await client.end();
  });
}

test("what the server sends on a session's own stream arrives, and a second stream of it is refused until the first is left", async () => {
  const { id, call } = await openMcpSession(url, "ada");
  const open = (signal?: AbortSignal) =>
    fetch(`${guard.url}/mcp`, { headers: { accept: "text/event-stream", ...vouched({ sid: id }) }, signal });
  const client = new AbortController();
  const opening = open(client.signal);
  // This server's headers come with the first event.
  const stream = await until("a changed list", async () => {
    await call("test_trigger_tool_change");
    return Promise.race([opening, Bun.sleep(20).then(() => undefined)]);
  });
  expect(await reader(stream.body)('"method":"notifications/tools/list_changed"')).toContain("data: {");
  expect((await open()).status).toBe(409);
  client.abort();
  await until("the server knows", async () => {
    const again = new AbortController();
    const status = await Promise.race([open(again.signal).then(({ status }) => status), Bun.sleep(200).then(() => 0)]);
    again.abort();
    return status !== 409;
  });
});

test("a session that was ended, or that never was, is the server's 404", async () => {
  const { id } = await openMcpSession(url, "ada");
  expect((await fetch(`${guard.url}/mcp`, { method: "DELETE", headers: vouched({ sid: id }) })).status).toBe(200);
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
  for (const sid of [id, "never-was"]) {
    const response = await fetch(`${guard.url}/mcp`, {
      method: "POST",
      headers: { ...headers, ...vouched({ sid }) },
      body,
    });
    expect(response.status).toBe(404);
    expect(response.headers.get("mcp-guard-failure")).toBeNull();
  }
});
