import { createMcpHandler, isLegacyRequest, McpServer, type McpServerFactory } from "@modelcontextprotocol/server";
import { z } from "zod";
import { failure } from "./json-rpc-failure.ts";
import { addressFrom, serveImage } from "./serve-image.ts";
import { mcpSessions, sessionLimits } from "./sessions.ts";

/** A sample MCP server for every revision: with sessions up to 2025-11-25, without them from 2026-07-28 on. */

const replica = process.env.HOSTNAME ?? "mcp-example";

/** `calls`: what this server counts; a session's own, or, where there are no sessions, the process's. */
function exampleServer(calls: { count: number }): McpServer {
  const server = new McpServer({ name: "mcp-example", version: "1.0.0" });
  server.registerTool(
    "add",
    {
      description: "Adds two numbers",
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ sum: z.number() }),
      annotations: { readOnlyHint: true },
    },
    async ({ a, b }) => answer({ sum: a + b }),
  );
  server.registerTool(
    "whoami",
    {
      description: "Says who calls, as the gateway has found out, and which replica answers",
      outputSchema: z.object({
        userId: z.string().nullable(),
        roles: z.string().nullable(),
        replica: z.string(),
        pid: z.number(),
      }),
      annotations: { readOnlyHint: true },
    },
    async (context) => {
      const headers = context.http?.req?.headers;
      const userId = headers?.get("x-mcp-userid") ?? null;
      const roles = headers?.get("x-mcp-roles") ?? null;
      return answer({ userId, roles, replica, pid: process.pid });
    },
  );
  server.registerTool(
    "counter",
    {
      description: "Counts the calls of this session; without sessions, those that this replica got",
      outputSchema: z.object({ count: z.number(), replica: z.string() }),
    },
    async () => {
      calls.count += 1;
      return answer({ count: calls.count, replica });
    },
  );
  return server;
}

function answer<T extends Record<string, unknown>>(structuredContent: T) {
  return { content: [{ type: "text" as const, text: JSON.stringify(structuredContent) }], structuredContent };
}

const callsWithoutSession = { count: 0 };
const factory: McpServerFactory = () => exampleServer(callsWithoutSession);
const modern = createMcpHandler(factory, { legacy: "reject" });
const sessions = mcpSessions({
  limits: { ...sessionLimits, sessions: 1_000 },
  async open(transport) {
    const server = exampleServer({ count: 0 });
    await server.connect(transport);
    return { pending: () => 0, end: () => server.close() };
  },
});

async function mcp(request: Request): Promise<Response> {
  if (request.method === "POST" && !request.headers.get("content-type")?.includes("application/json")) {
    return failure(415, -32000, "Content-Type must be application/json");
  }
  return (await isLegacyRequest(request)) ? await sessions.fetch(request) : await modern.fetch(request);
}

serveImage({ ...addressFrom(process.env), mcp, dispose: () => sessions.dispose() });
