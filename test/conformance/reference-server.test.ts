import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type ReferenceServer, startReferenceServer } from "./reference.ts";

let one: ReferenceServer;
let other: ReferenceServer;
beforeAll(async () => {
  [one, other] = await Promise.all([startReferenceServer(), startReferenceServer()]);
}, 30_000);
afterAll(() => Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]));

const revisions = ["2025-11-25", "2026-07-28"] as const;
type Revision = (typeof revisions)[number];

describe.each(revisions)("to a client of revision %s the reference server", (revision) => {
  test("tells the identity that a gateway passes on", async () => {
    await using client = await connect(one.url, revision, {
      "X-Mcp-UserId": "ada",
      "X-Mcp-Roles": "mcp.admin, reader",
    });
    expect(await call(client, "whoami")).toEqual({ userId: "ada", roles: ["mcp.admin", "reader"] });
  });

  test("knows no identity when none is passed on", async () => {
    await using client = await connect(one.url, revision);
    expect(await call(client, "whoami")).toEqual({ userId: null, roles: [] });
  });

  test("echoes the headers that arrived", async () => {
    await using client = await connect(one.url, revision, {
      "X-Probe": "as it was sent",
    });
    const { headers } = await call(client, "echo_headers");
    expect(headers).toMatchObject({ "x-probe": "as it was sent", "mcp-protocol-version": revision });
  });

  test("tells which process answers", async () => {
    await using here = await connect(one.url, revision);
    await using there = await connect(other.url, revision);
    expect(await call(here, "replica")).toMatchObject({ pid: one.pid });
    expect(await call(there, "replica")).toMatchObject({ pid: other.pid });
    expect((await call(here, "replica")).id).not.toBe((await call(there, "replica")).id);
  });

  test("stays silent as long as it is asked to, then answers", async () => {
    await using client = await connect(one.url, revision);
    const start = performance.now();
    const result = await client.client.callTool({ name: "stay_silent", arguments: { ms: 120 } });
    expect(result.content).toEqual([{ type: "text", text: "Silent for 120 ms." }]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(119);
  });

  test("notices that a call was given up", async () => {
    await using client = await connect(one.url, revision);
    const { callsCancelled } = await call(client, "replica");
    const giveUp = new AbortController();
    const silence = client.client.callTool(
      { name: "stay_silent", arguments: { ms: 60_000 } },
      { signal: giveUp.signal },
    );
    const given = silence.catch(() => "given up");
    while ((await call(client, "replica")).callsSilent !== 1) await Bun.sleep(5);
    giveUp.abort();
    expect(await given).toBe("given up");
    while ((await call(client, "replica")).callsSilent !== 0) await Bun.sleep(5);
    expect((await call(client, "replica")).callsCancelled).toBe(Number(callsCancelled) + 1);
  });
});

test("a session counts its own calls", async () => {
  await using first = await connect(one.url, "2025-11-25");
  await using second = await connect(one.url, "2025-11-25");
  expect(await call(first, "replica")).toMatchObject({ era: "legacy", callsInSession: 1 });
  expect(await call(first, "replica")).toMatchObject({ sessionId: first.transport.sessionId, callsInSession: 2 });
  expect(await call(second, "replica")).toMatchObject({ callsInSession: 1 });
});

test("a request without a session has no count of a session", async () => {
  await using client = await connect(one.url, "2026-07-28");
  expect(await call(client, "replica")).toMatchObject({ era: "modern", sessionId: null, callsInSession: null });
});

test("a session that was deleted, or is of another replica, is a 404", async () => {
  await using client = await connect(one.url, "2025-11-25");
  const id = client.transport.sessionId ?? "";
  expect((await list(one.url, id)).status).toBe(200);
  const elsewhere = await list(other.url, id);
  expect(elsewhere.status).toBe(404);
  expect(await elsewhere.json()).toEqual({
    jsonrpc: "2.0",
    error: { code: -32001, message: "Session not found" },
    id: null,
  });
  await client.transport.terminateSession();
  expect((await list(one.url, id)).status).toBe(404);
});

test("a stream that is resumed brings what was sent while the client was away", async () => {
  await using client = await connect(one.url, "2025-11-25");
  const session = client.transport.sessionId ?? "";
  const said = await (await list(one.url, session, { "MCP-Protocol-Version": "2025-11-25" })).text();
  const [first, second] = [...said.matchAll(/^id: (.+)$/gmu)].map(([, id]) => id ?? "");
  expect(said).toContain(`id: ${first}\nretry: 200\ndata: \n\n`);

  await using resumed = await resume(one.url, session, first ?? "");
  expect(resumed.status).toBe(200);
  const event = await resumed.read();
  expect(event).toContain(`id: ${second}\n`);
  expect(event).toContain('"tools":[');
});

test("state that one replica sealed does not open at another, nor for another user", async () => {
  const question = await sealedRound(one.url, "ada");
  expect(question.result?.resultType).toBe("input_required");
  const state = question.result?.requestState;
  expect((await sealedRound(one.url, "ada", state)).result?.content).toEqual([{ type: "text", text: "state-ok" }]);
  expect((await sealedRound(other.url, "ada", state)).error?.code).toBe(-32602);
  expect((await sealedRound(one.url, "eve", state)).error?.code).toBe(-32602);
});

test("a change of a resource reaches those who watch it, in both eras", async () => {
  await using session = await connect(one.url, "2025-11-25");
  await using listener = await connect(one.url, "2026-07-28");
  const uri = "test://watched-resource";
  const heard = [session, listener].map(({ client }) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => resolve(params.uri));
    return promise;
  });
  await session.client.subscribeResource({ uri });
  await listener.client.listen({ resourceSubscriptions: [uri] });
  await session.client.callTool({ name: "update_watched_resource" });
  expect(await Promise.all(heard)).toEqual([uri, uri]);
});

test("a stranger's Host or Origin is refused, and the readiness probe is not", async () => {
  expect((await list(one.url, "", { Host: "evil.example.com" })).status).toBe(403);
  expect((await list(one.url, "", { Origin: "http://evil.example.com" })).status).toBe(403);
  expect((await fetch(new URL("/", one.url), { headers: { Host: "10.0.0.1" } })).status).toBe(200);
});

test("SIGTERM ends it at once, streams open or not", async () => {
  const server = await startReferenceServer();
  const client = await connect(server.url, "2025-11-25");
  const call = client.client.callTool({ name: "stay_silent", arguments: { ms: 60_000 } }).catch(() => "broken off");
  await list(server.url, client.transport.sessionId ?? "");
  const start = performance.now();
  await server[Symbol.asyncDispose]();
  expect(performance.now() - start).toBeLessThan(2000);
  await client.client.close();
  expect(await call).toBe("broken off");
});

test("a server that cannot listen is an error, not a wait", async () => {
  await expect(startReferenceServer({ port: Number(new URL(one.url).port) })).rejects.toThrow(
    "The reference server did not start: exit code 1",
  );
});

async function connect(url: string, revision: Revision, headers: Record<string, string> = {}) {
  const client = new Client(
    { name: "test", version: "1.0.0" },
    revision === "2026-07-28" ? { versionNegotiation: { mode: { pin: revision } } } : {},
  );
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return { client, transport, [Symbol.asyncDispose]: () => client.close() };
}

async function call({ client }: { client: Client }, name: string) {
  const { structuredContent } = await client.callTool({ name });
  return structuredContent as Record<string, unknown>;
}

function list(url: string, session: string, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "Mcp-Session-Id": session,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/list" }),
  });
}

/** Opens a stream after the event that the client saw last; `read` gives the next bytes. */
async function resume(url: string, session: string, lastEventId: string) {
  const away = new AbortController();
  const response = await fetch(url, {
    headers: {
      Accept: "text/event-stream",
      "MCP-Protocol-Version": "2025-11-25",
      "Mcp-Session-Id": session,
      "Last-Event-ID": lastEventId,
    },
    signal: away.signal,
  });
  const reader = response.body?.getReader();
  return {
    status: response.status,
    read: async () => new TextDecoder().decode((await reader?.read())?.value),
    [Symbol.asyncDispose]: async () => away.abort(),
  };
}

type Answer = {
  result?: { resultType: string; requestState?: string; content?: unknown };
  error?: { code: number };
};

/** One round of a multi-round call, by hand: an SDK client would play all rounds itself. */
async function sealedRound(url: string, user: string, requestState?: string): Promise<Answer> {
  const name = "test_input_required_result_request_state";
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": "tools/call",
      "Mcp-Name": name,
      "X-Mcp-UserId": user,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 7,
      method: "tools/call",
      params: {
        name,
        arguments: {},
        ...(requestState && { requestState, inputResponses: { confirm: { action: "accept", content: { ok: true } } } }),
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
        },
      },
    }),
  });
  return (await response.json()) as Answer;
}
