import { expect, test } from "bun:test";
import { audiencesOf, Issuers, issOf, issuerUrl } from "../../../gateway/auth/oidc/settings.ts";

const oidc = { kind: "oidc", issuer: "https://id.example.com", audiences: ["gateway"] };
const entra = {
  kind: "entra",
  tenantId: "11111111-2222-3333-4444-555555555555",
  clientId: "CCCCCCCC-0000-0000-0000-000000000001",
};
const tenants = "11111111-2222-3333-4444-555555555555";

test("an issuer and its audiences are enough; the rest has defaults", () => {
  expect(Issuers.parse([oidc])).toEqual([
    {
      ...{ kind: "oidc", issuer: "https://id.example.com", audiences: ["gateway"], idPrefix: "" },
      claims: { id: "sub", name: ["name", "preferred_username"], roles: ["roles"] },
      accessTokenClaims: ["scope", "scp"],
      algorithms: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
    },
  ]);
});

test("a tenant and a client id are enough for Entra", () => {
  const [settings] = Issuers.parse([entra]);
  if (!settings) throw new Error("no settings");
  expect(issuerUrl(settings)).toBe(`https://login.microsoftonline.com/${tenants}/v2.0`);
  expect(issOf(settings)).toEqual([`https://login.microsoftonline.com/${tenants}/v2.0`]);
  expect(issOf({ ...settings, allowV1: true } as typeof settings)).toEqual([
    `https://login.microsoftonline.com/${tenants}/v2.0`,
    `https://sts.windows.net/${tenants}/`,
  ]);
  expect(audiencesOf(settings)).toEqual([
    "cccccccc-0000-0000-0000-000000000001",
    "api://cccccccc-0000-0000-0000-000000000001",
  ]);
});

test.each([
  ["no issuer", []],
  ["an issuer without TLS", [{ ...oidc, issuer: "http://id.example.com" }]],
  ["an issuer that is called like this machine", [{ ...oidc, issuer: "http://127.0.0.1.evil.example" }]],
  ["an issuer with a query", [{ ...oidc, issuer: "https://id.example.com?a" }]],
  ["an issuer with a fragment", [{ ...oidc, issuer: "https://id.example.com#a" }]],
  ["an issuer with a password", [{ ...oidc, issuer: "https://a:b@id.example.com" }]],
  ["an issuer that is no address", [{ ...oidc, issuer: "id.example.com" }]],
  ["no audience", [{ ...oidc, audiences: [] }]],
  ["an empty audience", [{ ...oidc, audiences: [""] }]],
  ["nothing that shows an access token", [{ ...oidc, accessTokenClaims: [] }]],
  ["a shared secret's algorithm", [{ ...oidc, algorithms: ["HS256"] }]],
  ["algorithm none", [{ ...oidc, algorithms: ["none"] }]],
  ["a setting nobody knows", [{ ...oidc, audience: "gateway" }]],
  ["tenant common", [{ ...entra, tenantId: "common" }]],
  ["a tenant by its domain", [{ ...entra, tenantId: "example.onmicrosoft.com" }]],
  ["a client id that is none", [{ ...entra, clientId: "gateway" }]],
  ["an authority without TLS", [{ ...entra, authority: "http://login.example.com" }]],
  ["one issuer twice", [oidc, { ...oidc, idPrefix: "b:" }]],
  ["two issuers whose ids could be equal", [oidc, entra]],
  [
    "two issuers with one prefix",
    [
      { ...oidc, idPrefix: "a:" },
      { ...entra, idPrefix: "a:" },
    ],
  ],
])("%s is no setting", (_name, settings) => {
  expect(Issuers.safeParse(settings).success).toBe(false);
});

test.each([
  ["http on this machine", [{ ...oidc, issuer: "http://localhost:8080/realms/main" }]],
  ["http on this machine by IPv6", [{ ...oidc, issuer: "http://[::1]:8080" }]],
  ["two issuers, of which one has a prefix", [oidc, { ...entra, idPrefix: "entra:" }]],
])("%s is a setting", (_name, settings) => {
  expect(Issuers.safeParse(settings).success).toBe(true);
});
