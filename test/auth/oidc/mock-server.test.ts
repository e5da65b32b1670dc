import { afterAll, beforeAll, expect, test } from "bun:test";
import { OAuth2Server } from "oauth2-mock-server";
import { outcomeOf, recordedEvents } from "./support.ts";
import { openVerifier, verifierLimits, type Verifier } from "../../../gateway/auth/oidc/verifier.ts";
import { Issuers } from "../../../gateway/auth/oidc/settings.ts";

const tenant = "11111111-2222-3333-4444-555555555555";
const client = "cccccccc-0000-0000-0000-000000000001";
const oid = "00000000-aaaa-bbbb-cccc-000000000007";
const wellKnownDocument = `/${tenant}/v2.0/.well-known/openid-configuration`;

const entra = new OAuth2Server(undefined, undefined, {
  endpoints: { wellKnownDocument, jwks: `/${tenant}/v2.0/jwks` },
});
const plain = new OAuth2Server();
let verifier: Verifier;
/** What Entra puts into the next token. */
let claims: Record<string, unknown> = {};

beforeAll(async () => {
  for (const server of [entra, plain]) {
    await server.issuer.keys.generate("RS256");
    await server.start(0, "127.0.0.1");
  }
  const authority = `http://127.0.0.1:${entra.address().port}`;
  entra.issuer.url = `${authority}/${tenant}/v2.0`;
  entra.service.on("beforeWellKnownOpenIdConfiguration", ({ body }: { body: Record<string, unknown> }) => {
    body["jwks_uri"] = `${authority}/${tenant}/v2.0/jwks`;
  });
  entra.service.on("beforeTokenSigning", ({ payload }: { payload: Record<string, unknown> }) => {
    Object.assign(payload, { aud: client, tid: tenant, oid, ver: "2.0" }, claims);
  });
  verifier = await openVerifier({
    issuers: Issuers.parse([
      { kind: "entra", tenantId: tenant, clientId: client, authority },
      { kind: "oidc", issuer: plain.issuer.url, audiences: ["gateway"], idPrefix: "plain:" },
    ]),
    now: Date.now,
    fetch,
    events: recordedEvents().events,
    limits: { ...verifierLimits, unknownKeyCooldownMs: 0 },
  });
});

afterAll(async () => {
  await verifier[Symbol.asyncDispose]();
  await Promise.all([entra.stop(), plain.stop()]);
});

/** By the token endpoint, as a client would. */
async function entraToken(more: Record<string, unknown>): Promise<string> {
  claims = more;
  const response = await fetch(`http://127.0.0.1:${entra.address().port}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

test.each([
  ["delegated", { sub: "pairwise", scp: "mcp.use" }, oid],
  ["app-only", { sub: oid, roles: ["mcp.admin"], scope: undefined }, oid],
  ["an ID token's claims", { sub: "pairwise", nonce: "n", scope: undefined }, "not-access-token"],
  ["another tenant's tid", { sub: "pairwise", scp: "mcp.use", tid: client }, "tenant"],
  ["another audience", { sub: "pairwise", scp: "mcp.use", aud: tenant }, "audience"],
])("over HTTP, Entra-shaped: %s", async (_name, more, expected) => {
  expect(await outcomeOf(verifier, await entraToken(more))).toBe(expected);
});

test("over HTTP, any issuer: an access token is verified, and so is one by a key that came later", async () => {
  const build = (kid?: string) =>
    plain.issuer.buildToken({
      kid,
      scopesOrTransform: (_header, payload) => Object.assign(payload, { aud: "gateway", sub: "u-1", scope: "mcp" }),
    });
  expect(await outcomeOf(verifier, await build())).toBe("plain:u-1");
  const { kid } = await plain.issuer.keys.generate("ES256");
  expect(await outcomeOf(verifier, await build(kid))).toBe("plain:u-1");
});
