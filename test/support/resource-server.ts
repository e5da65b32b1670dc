import { OpenAPIHono } from "@hono/zod-openapi";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { z } from "zod";
import { type Challenged, challenge, missingScopes } from "../../gateway/auth/challenge.ts";
import { audiencesAt, isMcpPath, mountMetadata, type ProtectedResource } from "../../gateway/auth/metadata.ts";
import { publicOriginOf } from "../../gateway/auth/public-origin.ts";
import type { RestEnv } from "../../gateway/rest.ts";
import type { Issuer } from "./issuer.ts";

export type ResourceServer = AsyncDisposable & { readonly url: string; mcpUrl(adapter: string): URL };

/** The smallest MCP server that is an OAuth resource: the gateway's metadata and challenges, and jose. */
export async function startResourceServer(
  issuer: Issuer,
  { mode, requiredScopes }: Pick<ProtectedResource, "mode" | "requiredScopes">,
): Promise<ResourceServer> {
  const resource: ProtectedResource = { mode, issuers: [issuer.url], requiredScopes, scopesSupported: ["mcp"] };
  const originOf = (request: Request) => publicOriginOf(request, { publicOrigin: undefined, trustForwarded: false });
  const keys = createRemoteJWKSet(new URL(issuer.jwksUrl));
  const mcp = createMcpHandler(exampleServer);
  const app = new OpenAPIHono<RestEnv>();
  mountMetadata(app, { resource, originOf }, () => "r-1");
  app.all("*", async (c) => {
    const request = c.req.raw;
    const path = new URL(request.url).pathname;
    if (!isMcpPath(path)) return c.body(null, 404);
    const origin = originOf(request);
    const why = await refusal(request, [...audiencesAt(path, url, mode)]);
    if (!why) return mcp.fetch(request);
    const value = challenge(why, { url: request.url, origin, resource });
    return c.body(null, why === "missing-scope" ? 403 : 401, { "www-authenticate": value });
  });
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: app.fetch });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    mcpUrl: (adapter) => new URL(`/adapters/${adapter}/mcp`, url),
    async [Symbol.asyncDispose]() {
      await mcp.close();
      await server.stop(true);
    },
  };

  async function refusal({ headers }: Request, audience: string[]): Promise<Challenged | undefined> {
    const token = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1];
    if (!token) return "no-token";
    try {
      const options = { issuer: issuer.url, audience, typ: "at+jwt", algorithms: ["ES256", "RS256"] };
      const { payload } = await jwtVerify(token, keys, options);
      const held = String(payload["scope"] ?? "").split(" ");
      return missingScopes(requiredScopes, held).length > 0 ? "missing-scope" : undefined;
    } catch {
      return "bad-token";
    }
  }
}

function exampleServer(): McpServer {
  const server = new McpServer({ name: "example", version: "1.0.0" });
  server.registerTool("add", { inputSchema: z.object({ a: z.number(), b: z.number() }) }, async ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  return server;
}
