import { createMcpHandler, isLegacyRequest, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { mcpSessions, sessionLimits } from "../../gateway/runtime/images/sessions.ts";

export type TestServer = AsyncDisposable & {
  /** Of its MCP endpoint. */
  readonly url: string;
  readonly origin: string;
  /** Each request's method, path and headers, as they came. */
  readonly heard: Request[];
  /** What it answers by itself. */
  right(request: Request): Promise<Response>;
  /** MCP sessions that are open. */
  sessions(): number;
};

/** What a test plants: an answer instead of, or made from, the right one; undefined lets the right one go. */
export type Plant = (
  request: Request,
  body: string,
  right: () => Promise<Response>,
) => Response | Promise<Response> | undefined;

/** An MCP server of both eras, with sessions in the legacy one, that does all that it should; and what is planted. */
export function startMcpServer(
  plant: Plant = () => undefined,
  {
    tls,
    modern: isModern = true,
    checksOrigin = true,
  }: { tls?: { cert: string; key: string }; modern?: boolean; checksOrigin?: boolean } = {},
): TestServer {
  const heard: Request[] = [];
  const modern = createMcpHandler(exampleServer, { legacy: "reject" });
  const sessions = mcpSessions({
    limits: sessionLimits,
    async open(transport) {
      const server = exampleServer();
      await server.connect(transport);
      return { pending: () => 0, end: () => server.close() };
    },
  });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    ...(tls && { tls }),
    async fetch(request) {
      heard.push(request.clone() as Request);
      if (checksOrigin && request.headers.has("origin")) return rpcError(403, "Forbidden origin");
      const body = await request.clone().text();
      return (await plant(request, body, () => right(request))) ?? right(request);
    },
  });
  const origin = `${tls ? "https" : "http"}://localhost:${server.port}`;
  return {
    url: `${origin}/mcp`,
    origin,
    heard,
    right,
    sessions: sessions.count,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await Promise.all([modern.close(), sessions.dispose()]);
    },
  };

  async function right(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/mcp") return rpcError(404, "Nothing here");
    if (request.method === "POST" && isModern && !(await isLegacyRequest(request))) return modern.fetch(request);
    return sessions.fetch(request);
  }
}

export function rpcError(status: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code: -32000, message }, id: null }, { status });
}

/** Whether a body is a request of this method. */
export const asks = (body: string, method: string) => body.includes(`"method":"${method}"`);

function exampleServer(): McpServer {
  const server = new McpServer({ name: "example", version: "1.0.0" });
  server.registerTool("add", { inputSchema: z.object({ a: z.number(), b: z.number() }) }, async ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  return server;
}
