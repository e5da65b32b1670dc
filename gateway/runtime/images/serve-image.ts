import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from "@modelcontextprotocol/server";
import { failure } from "./json-rpc-failure.ts";

const loopback = new Set(["127.0.0.1", "localhost", "::1"]);

/** How long a connection is kept on which no request is being answered: the gateway's own are gone before. */
const usualIdleSeconds = 75;

/** Serves an MCP endpoint at /mcp until SIGTERM or SIGINT; then `dispose` runs and the process ends. */
export function serveImage(options: {
  host: string;
  port: number;
  mcp: (request: Request) => Promise<Response>;
  dispose: () => Promise<void>;
  idleSeconds?: number;
}): void {
  const { idleSeconds = usualIdleSeconds } = options;
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: idleSeconds,
    async fetch(request, server) {
      // A web page that has its own name resolve to 127.0.0.1 must not get past the gateway's identity check.
      const rebound = loopback.has(options.host)
        ? hostHeaderValidationResponse(request, localhostAllowedHostnames())
        : undefined;
      // The gateway sends no Origin; another page's is none of ours.
      const foreign = rebound ?? originValidationResponse(request, localhostAllowedOrigins());
      if (foreign !== undefined) return foreign;
      if (new URL(request.url).pathname !== "/mcp") return failure(404, -32000, "The MCP endpoint is /mcp");
      // Of requests with a body Bun knows when they are whole, and waits.
      if (request.method !== "POST") server.timeout(request, 0);
      const response = await options.mcp(request);
      // Event streams are silent for as long as they like.
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
      server.timeout(request, isStream ? 0 : idleSeconds);
      return response;
    },
    error(error) {
      console.error(error);
      return failure(500, -32603, "Internal error");
    },
  });
  console.log(`listening on ${server.url}mcp`);

  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    await Promise.all([options.dispose(), server.stop(true)]);
    process.exit(0);
  };
  process.on("SIGTERM", () => void end());
  process.on("SIGINT", () => void end());
}

/** Where an image listens: HOST and PORT, or every address and 8000, as in a container. */
export function addressFrom(env: Readonly<Record<string, string | undefined>>): { host: string; port: number } {
  return { host: env.HOST ?? "0.0.0.0", port: Number(env.PORT ?? 8000) };
}
