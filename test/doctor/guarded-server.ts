import { startMcpServer, type TestServer } from "./mcp-server.ts";

/** Answers of a guarded server, by what they are: each from the server's own origin and the issuer's. */
export type Documents = {
  /** The value of WWW-Authenticate; undefined for none. */
  challenge?: (origin: string) => string | undefined;
  /** By path, instead of the one for the MCP URL. */
  metadata?: (origin: string, issuer: string) => Record<string, unknown>;
  /** By path, instead of the usual ones. */
  issuer?: (issuer: string) => Record<string, unknown>;
  /** Beside a 401 without a token. */
  status?: (request: Request) => Response | undefined;
  tls?: { cert: string; key: string };
};

export const goodToken = "a-token-that-is-no-jwt";
const wellKnown = "/.well-known/oauth-protected-resource";

/** An MCP server for which one token is good, with an issuer of its own that knows how everything is done. */
export async function startGuardedServer({
  challenge = (origin) => `Bearer resource_metadata="${origin}${wellKnown}/mcp"`,
  metadata = rightMetadata,
  issuer: issuerDocuments = rightIssuer,
  status = () => undefined,
  tls,
}: Documents = {}): Promise<TestServer & { readonly issuer: string }> {
  const issuer = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      const { origin, pathname } = new URL(url);
      return document(issuerDocuments(origin), pathname);
    },
  });
  const at = `http://localhost:${issuer.port}`;
  const server = startMcpServer(
    (request) => {
      const { origin: asked, pathname } = new URL(request.url);
      const origin = tls ? asked.replace("http:", "https:") : asked;
      if (pathname.startsWith("/.well-known/")) return document(metadata(origin, at), pathname);
      if (request.headers.get("authorization") === `Bearer ${goodToken}`) return undefined;
      const value = challenge(origin);
      return (
        status(request) ??
        new Response(null, { status: 401, headers: value === undefined ? {} : { "www-authenticate": value } })
      );
    },
    tls ? { tls } : {},
  );
  return {
    ...server,
    issuer: at,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await issuer.stop(true);
    },
  };
}

export function rightMetadata(origin: string, issuer: string): Record<string, unknown> {
  return { [`${wellKnown}/mcp`]: { resource: `${origin}/mcp`, authorization_servers: [issuer] } };
}

export function rightIssuer(issuer: string): Record<string, unknown> {
  return { "/.well-known/oauth-authorization-server": issuerDocument(issuer) };
}

export function issuerDocument(issuer: string): Record<string, unknown> {
  return {
    issuer,
    code_challenge_methods_supported: ["S256"],
    registration_endpoint: `${issuer}/register`,
  };
}

function document(documents: Record<string, unknown>, path: string): Response {
  const found = documents[path];
  if (found instanceof Response) return found;
  return found === undefined ? new Response("Not found", { status: 404 }) : Response.json(found);
}
