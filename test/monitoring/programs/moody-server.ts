/**
 * An MCP server (revision 2025-11-25) with sessions, whose tools are moods: `add` is well, `fail` answers an error, `forget` drops
 * every session, `die` ends the process before the answer. With MUTE it never listens.
 */
let sessions = new Set<string>();
if (process.env.MUTE === undefined) {
  Bun.serve({
    hostname: process.env.HOST ?? "127.0.0.1",
    port: Number(process.env.PORT),
    idleTimeout: 0,
    fetch: answer,
  });
} else {
  setInterval(() => {}, 60_000);
}

async function answer(request: Request): Promise<Response> {
  const session = request.headers.get("mcp-session-id");
  if (session !== null && !sessions.has(session)) return new Response("no such session", { status: 404 });
  if (request.method === "DELETE") {
    sessions.delete(session ?? "");
    return new Response(null, { status: 204 });
  }
  if (request.method === "GET") {
    const open = new ReadableStream({ start: (events) => events.enqueue(": open\n\n") });
    return new Response(open, { headers: { "content-type": "text/event-stream" } });
  }
  const { id, method, params } = (await request.json()) as { id?: number; method: string; params?: { name?: string } };
  const result = (value: object, headers = {}) => Response.json({ jsonrpc: "2.0", id, result: value }, { headers });
  if (method === "initialize") {
    const opened = crypto.randomUUID();
    sessions.add(opened);
    const serverInfo = { name: "moody", version: "1" };
    const capabilities = { tools: {} };
    return result({ protocolVersion: "2025-11-25", capabilities, serverInfo }, { "mcp-session-id": opened });
  }
  if (id === undefined) return new Response(null, { status: 202 });
  if (method === "tools/list") {
    const tools = ["add", "fail", "forget", "die"].map((name) => ({ name, inputSchema: { type: "object" } }));
    return result({ tools });
  }
  if (method !== "tools/call") {
    return Response.json({ jsonrpc: "2.0", id, error: { code: -32601, message: "no such method" } });
  }
  if (params?.name === "die") process.exit(1);
  if (params?.name === "forget") sessions = new Set();
  return result({ content: [], ...(params?.name === "fail" && { isError: true }) });
}
