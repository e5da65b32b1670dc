import { expect, test } from "bun:test";
import * as v2 from "@modelcontextprotocol/client";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { startIssuer } from "../support/issuer.ts";
import { mockIssuer } from "../support/mock-issuer.ts";
import { clientMetadata, oauthClient } from "../support/oauth-client.ts";
import { startResourceServer } from "../support/resource-server.ts";

test.each(["ES256", "RS256"] as const)("the real issuer's %s tokens hold the user's claims", async (algorithm) => {
  const claims = { grace: { roles: ["mcp.admin"] } };
  await using issuer = await startIssuer({ algorithm, claims });
  await using server = await startResourceServer(issuer, { mode: "exact", requiredScopes: [] });
  const resource = server.mcpUrl("weather");
  const keys = createRemoteJWKSet(new URL(issuer.jwksUrl));
  for (const [user, expected] of [
    ["ada", ["ada", undefined, "mcp"]],
    ["grace", ["grace", ["mcp.admin"], "mcp"]],
  ] as const) {
    issuer.signIn(user);
    const provider = oauthClient();
    await v2.auth(provider, { serverUrl: resource });
    const transport = new v2.StreamableHTTPClientTransport(resource, { authProvider: provider });
    await transport.finishAuth((await provider.callback()).searchParams);
    const { payload } = await jwtVerify((await provider.tokens())?.access_token ?? "", keys, {
      algorithms: [algorithm],
      issuer: issuer.url,
      audience: resource.href,
      typ: "at+jwt",
    });
    expect([payload.sub, payload["roles"], payload["scope"]]).toEqual([...expected]);
  }
  expect(new Set(issuer.resourcesAsked)).toEqual(new Set([resource.href]));
});

test("the real issuer gives no token for a resource that it does not know", async () => {
  await using issuer = await startIssuer({ resources: ["https://mcp.example.com/mcp"] });
  const authorize = new URL(`${issuer.url}/auth`);
  const client = "https://client.test/c.json";
  issuer.publishClient(client, { ...clientMetadata(), client_id: client });
  for (const [name, value] of Object.entries({
    client_id: client,
    redirect_uri: clientMetadata().redirect_uris[0] ?? "",
    response_type: "code",
    code_challenge: "x".repeat(43),
    code_challenge_method: "S256",
    scope: "mcp",
    resource: "https://elsewhere.example/mcp",
  })) {
    authorize.searchParams.set(name, value);
  }
  const answer = await fetch(authorize, { redirect: "manual" });
  expect(new URL(answer.headers.get("location") ?? "").searchParams.get("error")).toBe("invalid_target");
});

test("the mock issuer signs what it is told, rotates, withdraws, falls and comes back", async () => {
  await using issuer = await mockIssuer();
  const verify = async (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(issuer.jwksUrl)), { issuer: issuer.url });

  const first = await issuer.token({ sub: "ada", aud: "me", nbf: undefined }, { header: { typ: "at+jwt" } });
  const { payload, protectedHeader } = await verify(first);
  expect(payload).toMatchObject({ sub: "ada", aud: "me" });
  expect(Object.keys(payload)).not.toContain("nbf");
  expect(protectedHeader).toMatchObject({ alg: "RS256", typ: "at+jwt" });
  expect(issuer.jwksRequests()).toBe(1);

  await issuer.rotate();
  const second = await issuer.token({ sub: "ada" });
  await verify(first);
  await verify(second);
  issuer.withdrawOldKeys();
  await expect(verify(first)).rejects.toThrow("no applicable key");
  await verify(second);

  await expect(verify(await issuer.token({}, { expiresInS: -60 }))).rejects.toThrow("exp");
  await expect(verify(await issuer.token({ iss: "https://evil.example" }))).rejects.toThrow("iss");

  await issuer.down();
  await expect(verify(second)).rejects.toThrow();
  await issuer.up();
  await verify(second);
});
