import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as v2 from "@modelcontextprotocol/client";
import { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as V1Transport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { OAuthClientProvider as V1Provider } from "@modelcontextprotocol/sdk/client/auth.js";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { clientMetadata, type OAuthClient, oauthClient } from "../support/oauth-client.ts";
import { startOidcGateway } from "../support/oidc-gateway.ts";
import type { ResourceServer } from "../support/resource-server.ts";

const documentUrl = "https://client.test/mcp-client.json";
const modes = ["exact", "origin"] as const;
const stack = new AsyncDisposableStack();
let issuer: Issuer;
const servers = {} as Record<(typeof modes)[number] | "scoped", ResourceServer>;

/** What stands before an MCP server with a tool `add`. */
const start = startOidcGateway;

beforeAll(async () => {
  issuer = stack.use(await startIssuer({ scopes: ["mcp", "mcp.write"], claims: { ada: { roles: ["mcp.admin"] } } }));
  issuer.publishClient(documentUrl, { ...clientMetadata(), client_id: documentUrl });
  for (const mode of modes) servers[mode] = stack.use(await start(issuer, { mode, requiredScopes: [] }));
  servers.scoped = stack.use(await start(issuer, { mode: "exact", requiredScopes: ["mcp", "mcp.write"] }));
});
afterAll(() => stack.disposeAsync());

type Session = { tools(): Promise<string[]>; add(a: number, b: number): Promise<string>; end(): Promise<void> };

const info = { name: "test", version: "1.0.0" };

/** Connects, is refused, signs its user in, and connects again. */
const kinds = {
  async v1(url: URL, provider: OAuthClient): Promise<Session> {
    // The two generations differ in optional members only, none of which are called with what is missing here.
    const authProvider = provider as unknown as V1Provider;
    const refused = new V1Transport(url, { authProvider });
    await expect(new V1Client(info).connect(refused)).rejects.toThrow("Unauthorized");
    await refused.finishAuth((await provider.callback()).searchParams.get("code") ?? "");
    const client = new V1Client(info);
    await client.connect(new V1Transport(url, { authProvider }));
    return session(client);
  },
  v2: v2Kind("legacy"),
  "v2 auto": v2Kind("auto"),
};

for (const [kind, signIn] of Object.entries(kinds)) {
  describe(`SDK ${kind}`, () => {
    test.each(modes)("finds the issuer, registers, signs in and calls a tool; the resource is %s", async (mode) => {
      const provider = oauthClient();
      const url = servers[mode].mcpUrl("weather");
      await works(await signIn(url, provider));
      expect(provider.registrations()).toBe(1);
      expect(await audience(provider)).toBe({ exact: url.href, origin: url.origin }[mode]);
    });

    test("is known by its metadata document instead of registering", async () => {
      const provider = oauthClient(documentUrl);
      await works(await signIn(servers.exact.mcpUrl("weather"), provider));
      expect([provider.clientId(), provider.registrations()]).toEqual([documentUrl, 0]);
    });

    test("asks for every scope of the challenge at once", async () => {
      const provider = oauthClient();
      await works(await signIn(servers.scoped.mcpUrl("weather"), provider));
      expect((await provider.tokens())?.scope?.split(" ")).toEqual(expect.arrayContaining(["mcp", "mcp.write"]));
    });

    test("gets nothing from one resource with a token for another", async () => {
      const provider = oauthClient();
      const url = servers.exact.mcpUrl("weather");
      await works(await signIn(url, provider));
      const answer = await postWithToken(servers.exact.mcpUrl("calendar"), provider);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
        401,
        `Bearer error="invalid_token", resource_metadata="${url.origin}/.well-known/oauth-protected-resource/adapters/calendar/mcp"`,
      ]);
    });

    test("with a token that lacks a scope, is told which ones are needed, and asks for them", async () => {
      const provider = oauthClient(documentUrl);
      const scoped = servers.scoped.mcpUrl("weather");
      await v2.auth(provider, { serverUrl: scoped, scope: "mcp" });
      const transport = new v2.StreamableHTTPClientTransport(scoped, { authProvider: provider });
      await transport.finishAuth((await provider.callback()).searchParams);
      const answer = await postWithToken(scoped, provider);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
        403,
        `Bearer error="insufficient_scope", error_description="The token lacks a scope that is needed here", scope="mcp mcp.write", resource_metadata="${scoped.origin}/.well-known/oauth-protected-resource/adapters/weather/mcp"`,
      ]);
      // SDK v1 would refresh instead of asking its user, which widens nothing.
      const { refresh_token: _, ...tokens } = (await provider.tokens()) as v2.StoredOAuthTokens;
      await provider.saveTokens(tokens);
      await works(await signIn(scoped, provider));
    });
  });
}

function v2Kind(mode: "legacy" | "auto") {
  return async (url: URL, provider: OAuthClient): Promise<Session> => {
    const options = { versionNegotiation: { mode } };
    const refused = new v2.StreamableHTTPClientTransport(url, { authProvider: provider });
    await expect(new v2.Client(info, options).connect(refused)).rejects.toThrow("Unauthorized");
    // With `iss`, which this generation compares (RFC 9207).
    await refused.finishAuth((await provider.callback()).searchParams);
    const client = new v2.Client(info, options);
    await client.connect(new v2.StreamableHTTPClientTransport(url, { authProvider: provider }));
    return session(client);
  };
}

async function works(session: Session): Promise<void> {
  expect(await session.tools()).toContain("add");
  expect(await session.add(2, 3)).toContain("5");
  await session.end();
}

function session(client: V1Client | v2.Client): Session {
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    async add(a, b) {
      const { content } = await client.callTool({ name: "add", arguments: { a, b } });
      return (content as { text: string }[])[0]?.text ?? "";
    },
    end: () => client.close(),
  };
}

async function audience(provider: OAuthClient): Promise<unknown> {
  const [, payload = ""] = (await provider.tokens())?.access_token.split(".") ?? [];
  return JSON.parse(Buffer.from(payload, "base64url").toString()).aud;
}

async function postWithToken(url: URL, provider: OAuthClient): Promise<Response> {
  const authorization = `Bearer ${(await provider.tokens())?.access_token}`;
  return fetch(url, { method: "POST", headers: { authorization } });
}
