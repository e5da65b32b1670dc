import { afterAll, expect, test } from "bun:test";
import { claimsOf, internet, outcomeOf, signer, startSeconds, verifierOn } from "./support.ts";

const tenant = "11111111-2222-3333-4444-555555555555";
const legacyTenant = "aaaaaaaa-2222-3333-4444-555555555555";
const homeTenant = "99999999-2222-3333-4444-555555555555";
const client = "cccccccc-0000-0000-0000-000000000001";
const oid = "00000000-aaaa-bbbb-cccc-000000000007";
const v2 = `https://login.microsoftonline.com/${tenant}/v2.0`;
const legacyV2 = `https://login.microsoftonline.com/${legacyTenant}/v2.0`;
const usGov = `https://login.microsoftonline.us/${homeTenant}/v2.0`;

const key = await signer("RS256", "entra-1");
const ecKey = await signer("ES256", "entra-ec");
const { fetch, siteOf } = internet([v2, legacyV2, usGov]);
for (const url of [v2, legacyV2, usGov]) siteOf(url).keys = [key.jwk, ecKey.jwk];
const { verifier } = await verifierOn(fetch, [
  { kind: "entra", tenantId: tenant.toUpperCase(), clientId: client, audiences: [`https://mcp.example.com`] },
  {
    kind: "entra",
    tenantId: legacyTenant,
    clientId: client,
    allowV1: true,
    idPrefix: "legacy:",
    claims: { id: "upn" },
  },
  {
    kind: "entra",
    tenantId: homeTenant,
    clientId: client,
    authority: "https://login.microsoftonline.us/",
    idPrefix: "gov:",
  },
]);
afterAll(() => verifier[Symbol.asyncDispose]());

const times = { iat: startSeconds, nbf: startSeconds, exp: startSeconds + 3600 };
const common = { iss: v2, aud: client, tid: tenant, oid, ver: "2.0", ...times };
const delegated = { ...common, sub: "pairwise", scp: "mcp.use", roles: ["mcp.dev"], name: "Ann", azp: "a" };
const appOnly = { ...common, sub: oid, roles: ["mcp.admin"], azp: "a", azpacr: "1" };
const idToken = { ...common, sub: "pairwise", name: "Ann", nonce: "n", rh: "r", uti: "u" };
const v1 = {
  ...{ iss: `https://sts.windows.net/${tenant}/`, aud: `api://${client}`, tid: tenant, oid, sub: "pairwise" },
  ...{ ver: "1.0", appid: "a", scp: "mcp.use", upn: "ann@example.com", ...times },
};
const legacyV1 = { ...v1, iss: `https://sts.windows.net/${legacyTenant}/`, tid: legacyTenant };
const leave = (claims: Record<string, unknown>, ...names: string[]) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));

test.each([
  ["delegated", delegated, oid],
  ["delegated without roles", leave(delegated, "roles"), oid],
  ["delegated without oid", leave(delegated, "oid"), "pairwise"],
  ["audience api://client", { ...delegated, aud: `api://${client}` }, oid],
  ["audience by setting", { ...delegated, aud: "https://mcp.example.com" }, oid],
  ["another app of the tenant", { ...delegated, aud: "cccccccc-0000-0000-0000-000000000002" }, "audience"],
  ["Microsoft Graph's", { ...delegated, aud: "00000003-0000-0000-c000-000000000000" }, "audience"],
  ["app-only: sub is oid", appOnly, oid],
  ["app-only: idtyp", { ...appOnly, sub: "other", idtyp: "app" }, oid],
  ["app-only without roles", leave(appOnly, "roles"), "not-access-token"],
  ["app-only with an empty list of roles", { ...appOnly, roles: [] }, "not-access-token"],
  ["ID token", idToken, "not-access-token"],
  ["ID token with roles", { ...idToken, roles: ["mcp.admin"] }, "not-access-token"],
  ["ID token of a user type with roles", { ...idToken, roles: ["mcp.admin"], idtyp: "user" }, "not-access-token"],
  ["ID token without nonce", leave(idToken, "nonce"), "not-access-token"],
  ["ID token of the hybrid flow that has scp", { ...idToken, scp: "mcp.use", c_hash: "h" }, "not-access-token"],
  ["neither oid nor sub, with roles", { ...leave(appOnly, "oid", "sub") }, "not-access-token"],
  ["neither oid nor sub, with scp", leave(delegated, "oid", "sub"), "missing-claim"],
  ["scp empty", { ...leave(delegated, "roles"), scp: "" }, "not-access-token"],
  ["guest: signed in here, at home elsewhere", { ...delegated, idp: `https://sts.windows.net/${homeTenant}/` }, oid],
  ["guest with the home tenant's tid", { ...delegated, tid: homeTenant }, "tenant"],
  ["no tid", leave(delegated, "tid"), "missing-claim"],
  ["tid in another tenant's token", { ...delegated, iss: usGov }, "tenant"],
  [
    "issuer of another tenant",
    { ...delegated, iss: v2.replace(tenant, "12345678-2222-3333-4444-555555555555") },
    "unknown-issuer",
  ],
  [
    "issuer as a template",
    { ...delegated, iss: "https://login.microsoftonline.com/{tenantid}/v2.0" },
    "unknown-issuer",
  ],
  ["issuer common", { ...delegated, iss: "https://login.microsoftonline.com/common/v2.0" }, "unknown-issuer"],
  ["issuer with a slash behind", { ...delegated, iss: `${v2}/` }, "unknown-issuer"],
  ["version 1.0 without the setting", v1, "unknown-issuer"],
  ["version 1.0 with the setting", legacyV1, "legacy:ann@example.com"],
  ["version 1.0 of another tenant", { ...legacyV1, iss: v1.iss }, "unknown-issuer"],
  ["version 1.0, another tenant's tid", { ...legacyV1, tid: tenant }, "tenant"],
  [
    "version 2.0 where 1.0 is allowed",
    { ...delegated, iss: legacyV2, tid: legacyTenant, upn: "ann@example.com" },
    "legacy:ann@example.com",
  ],
  ["no claim of the id that was set", leave(legacyV1, "upn"), "missing-claim"],
  ["a sovereign cloud", { ...delegated, iss: usGov, tid: homeTenant }, `gov:${oid}`],
  ["expired", { ...delegated, exp: startSeconds - 60 }, "expired"],
] as const)("%s", async (_name, claims, expected) => {
  expect(await outcomeOf(verifier, await key.sign(claims))).toBe(expected);
});

test("only RS256 is Entra's", async () => {
  expect(await outcomeOf(verifier, await ecKey.sign(delegated))).toBe("algorithm");
});

test("one person is one principal, whichever version the token has", async () => {
  const keys: string[] = [];
  for (const claims of [legacyV1, { ...delegated, iss: legacyV2, tid: legacyTenant, upn: "ann@example.com" }]) {
    const outcome = await verifier.verify(await key.sign(claims));
    keys.push(outcome.state === "verified" ? outcome.identity.principal.key : outcome.state);
  }
  expect(keys).toEqual([`${legacyTenant}:${oid}`, `${legacyTenant}:${oid}`]);
});

test("an identity of Entra has tenant and object as its key, roles and scopes", async () => {
  expect(await verifier.verify(await key.sign(delegated))).toMatchObject({
    state: "verified",
    identity: {
      principal: { key: `${tenant}:${oid}`, id: oid, name: "Ann", roles: ["mcp.dev"] },
      scopes: ["mcp.use"],
    },
  });
});

test("a generic issuer's token is not Entra's", async () => {
  expect(await outcomeOf(verifier, await key.sign(claimsOf("https://id.example.com", client)))).toBe("unknown-issuer");
});
