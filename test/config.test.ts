import { expect, test } from "bun:test";
import { readConfig } from "../gateway/config.ts";

const problems = (environment: Record<string, string>) => {
  const read = readConfig(environment);
  return read.state === "invalid" ? read.problems : [];
};
const config = (environment: Record<string, string>) => {
  const read = readConfig(environment);
  if (read.state === "invalid") throw new Error(read.problems.join());
  return read.config;
};

test("without settings it is a laptop's gateway", () => {
  expect(config({})).toEqual({
    port: 8000,
    host: "127.0.0.1",
    workers: 1,
    loopback: true,
    auth: { kind: "dev" },
    publicOrigin: undefined,
    trustForwarded: false,
    allowedHosts: [],
    allowedOrigins: [],
    storeUrl: "pglite:./.data",
    dataDirectory: "./.data",
    gatewayKeys: { kind: "kept" },
    runtime: {
      kind: "local",
      imageCatalogue: { file: "./images.json", named: false },
      secretsDirectory: "./secrets",
      guarded: false,
      guardKeySettleMs: 10_000,
    },
    maxBodyBytes: 4_194_304,
    holdMs: 5000,
    shutdownDelayMs: 0,
    drainMs: 10_000,
    toolTimeoutMs: 60_000,
    callLimits: { requestsPerMinute: undefined, streams: undefined, sessions: undefined },
    audit: { calls: false, arguments: "hash", days: 90 },
    adminRole: "mcp.admin",
    workloadIdentityRoles: [],
    logLevel: "info",
    logLevelFile: undefined,
    metrics: { kind: "loopback" },
    trace: undefined,
  });
});

test("everything that is wrong is said at once, by name", () => {
  const said = problems({ PORT: "eighty", STORE_URL: "mysql://x", LOG_LEVEL: "loud", GATEWAY_KEYS: "short" });
  expect(said.map((problem) => problem.split(":")[0])).toEqual(["PORT", "STORE_URL", "GATEWAY_KEYS", "LOG_LEVEL"]);
});

test("several processes share what can be shared only", () => {
  const shared = {
    GATEWAY_WORKERS: "2",
    GUARD: "off",
    GATEWAY_KEYS: "k".repeat(32),
    STORE_URL: "postgres://gateway@db/gateway",
    RUNTIME: "kubernetes",
  };
  expect(config(shared)).toMatchObject({ workers: 2, metrics: { kind: "off" } });
  expect(config({ ...shared, METRICS_PORT: "9090" }).metrics).toEqual({ kind: "own-port", port: 9090 });
  const why =
    "GATEWAY_WORKERS: more than one need RUNTIME=kubernetes and a STORE_URL of PostgreSQL or Cosmos DB, since one process alone can have an embedded database and child processes";
  expect(problems({ ...shared, RUNTIME: "local" })).toEqual([why]);
  expect(problems({ ...shared, STORE_URL: "pglite:./.data" })).toEqual([why]);
  expect(problems({ GATEWAY_WORKERS: "0" })[0]).toStartWith("GATEWAY_WORKERS: ");
});

test("figures have a port of their own, the gateway's on this machine, or none", () => {
  const network = { HOST: "0.0.0.0", ALLOW_DEV_AUTH_ON_NETWORK: "true" };
  expect(config({ METRICS_PORT: "9090" }).metrics).toEqual({ kind: "own-port", port: 9090 });
  expect(config({ METRICS_PORT: "9090", ...network }).metrics).toEqual({ kind: "own-port", port: 9090 });
  expect(config({ METRICS_PORT: "off" }).metrics).toEqual({ kind: "off" });
  expect(config({ HOST: "::1" }).metrics).toEqual({ kind: "loopback" });
  expect(config(network).metrics).toEqual({ kind: "off" });
  expect(problems({ METRICS_PORT: "on" })).toEqual(['METRICS_PORT: must be a port, or "off"']);
  expect(problems({ METRICS_PORT: "65536" })).toEqual(["METRICS_PORT: Too big: expected number to be <=65535"]);
  expect(problems({ METRICS_PORT: "8000" })[0]).toStartWith("METRICS_PORT: this is PORT, too;");
  expect(problems({ PORT: "0", METRICS_PORT: "0" })).toEqual([]);
});

test("development identity stays on loopback unless it is opened by name", () => {
  expect(problems({ HOST: "0.0.0.0" })[0]).toContain("ALLOW_DEV_AUTH_ON_NETWORK=true");
  expect(problems({ HOST: "0.0.0.0", ALLOW_DEV_AUTH_ON_NETWORK: "true" })).toEqual([]);
  expect(config({ HOST: "127.0.0.2" }).loopback).toBe(true);
});

test("keys are a list, current first", () => {
  const [a, b] = ["a".repeat(32), "b".repeat(40)];
  expect(config({ GATEWAY_KEYS: `${a},${b}` }).gatewayKeys).toEqual({ kind: "given", keys: [a, b] });
  expect(problems({ GATEWAY_KEYS: "," })).toEqual(["GATEWAY_KEYS: there is no key in it"]);
});

test("the Microsoft gateway's names are read, and ours win", () => {
  expect(config({ PublicOrigin: "https://a.example" }).publicOrigin).toBe("https://a.example");
  expect(config({ PublicOrigin: "https://a.example", PUBLIC_ORIGIN: "https://b.example" }).publicOrigin).toBe(
    "https://b.example",
  );
});

test("the Microsoft gateway's numbered lists are read in their order", () => {
  const roles = { WorkloadIdentitySettings__RequiredRoles__1: "b", WorkloadIdentitySettings__RequiredRoles__0: "a" };
  expect(config(roles).workloadIdentityRoles).toEqual(["a", "b"]);
});

test("an origin with a path is refused, and an empty variable counts as unset", () => {
  expect(problems({ PUBLIC_ORIGIN: "https://a.example/mcp" })[0]).toStartWith("PUBLIC_ORIGIN: must be an origin");
  expect(config({ PORT: "", PUBLIC_ORIGIN: "" }).port).toBe(8000);
});

test("an issuer alone asks for tokens, and AUTH=dev goes without all the same", () => {
  const issuer = { OIDC_ISSUER: "https://login.example.com", OIDC_AUDIENCE: "gateway, other" };
  expect(config({ ...issuer, HOST: "0.0.0.0" }).auth).toMatchObject({
    kind: "oidc",
    issuers: [{ kind: "oidc", issuer: "https://login.example.com", audiences: ["gateway", "other"] }],
    resource: { mode: "exact", issuers: ["https://login.example.com"], requiredScopes: [], scopesSupported: [] },
  });
  expect(config({ ...issuer, AUTH: "dev" }).auth).toEqual({ kind: "dev" });
});

test("Entra ID is two ids, by its own names or the Microsoft gateway's", () => {
  const tenant = "5b0f6c9e-0000-4000-8000-000000000001";
  const client = "5b0f6c9e-0000-4000-8000-000000000002";
  const expected = {
    kind: "oidc",
    issuers: [{ kind: "entra", tenantId: tenant, clientId: client, allowV1: false }],
    resource: {
      issuers: [`https://login.microsoftonline.com/${tenant}/v2.0`],
      scopesSupported: [`api://${client}/.default`],
    },
  };
  expect(config({ ENTRA_TENANT_ID: tenant, ENTRA_CLIENT_ID: client }).auth).toMatchObject(expected);
  const microsoft = {
    AzureAd__TenantId: tenant,
    AzureAd__ClientId: client,
    AzureAd__Instance: "https://login.microsoftonline.com/",
  };
  expect(config(microsoft).auth).toMatchObject(expected);
});

test("several issuers are a JSON list, and what is wrong with one is said by its place", () => {
  const one = { kind: "oidc", issuer: "https://one.example", audiences: ["a"] };
  const two = { kind: "oidc", issuer: "https://two.example", audiences: ["a"], idPrefix: "two:" };
  expect(config({ OIDC_ISSUERS: JSON.stringify([one, two]) }).auth).toMatchObject({ issuers: [one, two] });
  expect(problems({ OIDC_ISSUERS: "{" })[0]).toStartWith("OIDC_ISSUERS: must be a JSON list");
  expect(problems({ OIDC_ISSUERS: JSON.stringify([one, { ...two, issuer: "http://two.example" }]) })[0]).toStartWith(
    "issuer 1 issuer: must be an https URL",
  );
  expect(problems({ OIDC_ISSUERS: JSON.stringify([one, { ...two, idPrefix: "" }]) })[0]).toContain("idPrefix");
});

test.each([
  [{ AUTH: "oidc" }, "AUTH: oidc needs an issuer"],
  [{ OIDC_ISSUER: "https://a.example" }, "OIDC_AUDIENCE: "],
  [{ OIDC_ISSUER: "http://a.example", OIDC_AUDIENCE: "x" }, "OIDC_ISSUER: must be an https URL"],
  [{ ENTRA_TENANT_ID: "common", ENTRA_CLIENT_ID: "x" }, "ENTRA_TENANT_ID: must be a GUID"],
  [{ OIDC_ISSUER: "https://a.example", OIDC_AUDIENCE: "x", REQUIRED_SCOPES: "api://x/.default" }, "REQUIRED_SCOPES: "],
])("%p is refused by name", (environment, problem) => {
  expect(problems(environment as Record<string, string>)[0]).toStartWith(problem);
});
