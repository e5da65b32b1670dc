import { afterAll, expect, test } from "bun:test";
import { claimsOf, internet, outcomeOf, signer, startSeconds, verifierOn } from "./support.ts";

const keycloak = "https://keycloak.example.com/realms/main";
const okta = "https://example.okta.com/oauth2/default";
const auth0 = "https://example.eu.auth0.com/";
const cluster = "https://kubernetes.default.svc.cluster.local";
const mcp = "https://mcp.example.com";

const key = await signer("RS256", "k");
const { fetch, siteOf } = internet([keycloak, okta, auth0, cluster]);
for (const url of [keycloak, okta, auth0, cluster]) siteOf(url).keys = [key.jwk];
siteOf(cluster).discovery = () => new Response("forbidden", { status: 403 });
const { verifier } = await verifierOn(fetch, [
  {
    kind: "oidc",
    issuer: keycloak,
    audiences: ["mcp-gateway"],
    claims: { id: "preferred_username", roles: ["realm_access.roles", "resource_access.mcp.gateway.roles"] },
  },
  { kind: "oidc", issuer: okta, audiences: ["api://default"], idPrefix: "okta:", claims: { roles: ["groups"] } },
  {
    kind: "oidc",
    issuer: auth0,
    audiences: [mcp],
    idPrefix: "auth0:",
    claims: { roles: ["https://mcp.example.com/roles", "permissions"] },
  },
  {
    kind: "oidc",
    issuer: cluster,
    audiences: ["mcp-gateway"],
    jwksUrl: `${cluster}/keys`,
    idPrefix: "k8s:",
    claims: { name: ["kubernetes.io.serviceaccount.name"], roles: ["groups", "kubernetes.io.namespace"] },
    accessTokenClaims: ["kubernetes.io"],
  },
]);
afterAll(() => verifier[Symbol.asyncDispose]());

const times = { iat: startSeconds, exp: startSeconds + 300 };
const pod = {
  ...{ iss: cluster, aud: ["mcp-gateway"], sub: "system:serviceaccount:agents:crawler", nbf: startSeconds, jti: "j" },
  ...{ "kubernetes.io": { namespace: "agents", serviceaccount: { name: "crawler", uid: "u" } }, ...times },
};

test.each([
  [
    "Keycloak",
    {
      ...{
        iss: keycloak,
        aud: ["mcp-gateway", "account"],
        sub: "f:1",
        typ: "Bearer",
        azp: "vscode",
        acr: "1",
        ...times,
      },
      ...{ scope: "openid profile", preferred_username: "ann", name: "Ann", realm_access: { roles: ["mcp.dev"] } },
      ...{ resource_access: { "mcp.gateway": { roles: ["mcp.admin"] }, account: { roles: ["manage"] } } },
    },
    { key: `${keycloak}#f:1`, id: "ann", name: "Ann", roles: ["mcp.dev", "mcp.admin"] },
    ["openid", "profile"],
  ],
  [
    "Okta",
    {
      ...{ iss: okta, aud: "api://default", sub: "ann@example.com", ver: 1, jti: "AT.1", cid: "c", uid: "00u1" },
      ...{ scp: ["openid", "mcp"], groups: ["Everyone", "mcp.dev"], ...times },
    },
    {
      key: `${okta}#ann@example.com`,
      id: "okta:ann@example.com",
      name: "ann@example.com",
      roles: ["Everyone", "mcp.dev"],
    },
    ["openid", "mcp"],
  ],
  [
    "Auth0",
    {
      ...{
        iss: auth0,
        aud: [mcp, "https://example.eu.auth0.com/userinfo"],
        sub: "google-oauth2|1",
        azp: "z",
        ...times,
      },
      ...{ scope: "openid mcp", permissions: ["read:tools"], "https://mcp.example.com/roles": "mcp.dev, mcp.ops" },
    },
    {
      key: "https://example.eu.auth0.com/#google-oauth2|1",
      id: "auth0:google-oauth2|1",
      name: "google-oauth2|1",
      roles: ["mcp.dev", "mcp.ops", "read:tools"],
    },
    ["openid", "mcp"],
  ],
  [
    "a Kubernetes ServiceAccount, by the address of its keys",
    pod,
    {
      key: `${cluster}#system:serviceaccount:agents:crawler`,
      id: "k8s:system:serviceaccount:agents:crawler",
      name: "crawler",
      roles: ["agents"],
    },
    [],
  ],
])("%s needs settings only", async (_name, claims, principal, scopes) => {
  const outcome = await verifier.verify(await key.sign(claims));
  expect(outcome).toMatchObject({ state: "verified", identity: { principal, scopes } });
});

test.each([
  ["a ServiceAccount's token for the cluster itself", { ...pod, aud: [cluster] }, "audience"],
  ["a token of the cluster's issuer that is no ServiceAccount's", claimsOf(cluster, "mcp-gateway"), "not-access-token"],
  [
    "Keycloak's with a name that is Okta's prefix",
    { ...claimsOf(keycloak, "mcp-gateway"), preferred_username: "okta:ann" },
    "foreign-id",
  ],
  ["Keycloak's without the claim that is the id", claimsOf(keycloak, "mcp-gateway"), "missing-claim"],
  [
    "Keycloak's with a list as the id",
    { ...claimsOf(keycloak, "mcp-gateway"), preferred_username: ["ann"] },
    "invalid-claim",
  ],
  ["Auth0's for Okta's audience", claimsOf(auth0, "api://default"), "audience"],
])("%s is refused", async (_name, claims, expected) => {
  expect(await outcomeOf(verifier, await key.sign(claims))).toBe(expected);
});
