import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { ElicitResultSchema, EmptyResultSchema, SetLevelRequestSchema } from "@modelcontextprotocol/sdk/types.js";

/** A server made with the first generation of the SDK, as most are: sessions in memory, or none at all. */
export type V1Server = AsyncDisposable & {
  readonly url: string;
  /** Ids of the sessions that are open. */
  readonly sessions: ReadonlySet<string>;
  /** Forgets every session, as a restart does. */
  forget(): void;
  changeTools(): void;
  /** `logging/setLevel`, as it came. */
  readonly levels: string[];
};

export function v1Server({ stateless = false }: { stateless?: boolean } = {}): V1Server {
  const open = new Map<string, { transport: WebStandardStreamableHTTPServerTransport; server: McpServer }>();
  const levels: string[] = [];
  const http = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      const id = request.headers.get("mcp-session-id");
      if (id !== null) return open.get(id)?.transport.handleRequest(request) ?? Response.json(unknown, { status: 404 });
      const server = serverFor(levels);
      const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: stateless ? undefined : () => crypto.randomUUID(),
        enableJsonResponse: stateless,
        onsessioninitialized: (id) => void open.set(id, { transport, server }),
        onsessionclosed: (id) => void open.delete(id),
      });
      await server.connect(transport);
      return transport.handleRequest(request);
    },
  });
  return {
    url: `http://127.0.0.1:${http.port}/mcp`,
    get sessions() {
      return new Set(open.keys());
    },
    forget: () => open.clear(),
    changeTools() {
      for (const { server } of open.values()) server.sendToolListChanged();
    },
    levels,
    async [Symbol.asyncDispose]() {
      await http.stop(true);
    },
  };
}

const unknown = { jsonrpc: "2.0", error: { code: -32001, message: "Session not found" }, id: null };

function serverFor(levels: string[]): McpServer {
  const server = new McpServer(
    { name: "v1", version: "1.0.0" },
    { capabilities: { logging: {}, tools: { listChanged: true } } },
  );
  let calls = 0;
  server.registerTool("count", {}, async () => text(String(++calls)));
  server.registerTool("log", {}, async (extra) => {
    await extra.sendNotification({ method: "notifications/message", params: { level: "info", data: "one line" } });
    return text("logged");
  });
  server.registerTool("ask_user", {}, async (extra) => {
    const params = { message: "Who?", requestedSchema: { type: "object" as const, properties: {} } };
    const answer = await extra
      .sendRequest({ method: "elicitation/create", params }, ElicitResultSchema)
      .catch((error: Error) => error.message);
    return text(JSON.stringify(answer));
  });
  server.registerTool("ping_client", {}, async (extra) =>
    text(JSON.stringify(await extra.sendRequest({ method: "ping" }, EmptyResultSchema))),
  );
  server.server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    levels.push(params.level);
    return {};
  });
  return server;
}

function text(text: string) {
  return { content: [{ type: "text" as const, text }] };
}
