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
    loopback: true,
    publicOrigin: undefined,
    allowedHosts: [],
    allowedOrigins: [],
    dataDirectory: "./.data",
    gatewayKeys: undefined,
    imageCatalogue: { file: "./images.json", named: false },
    secretsDirectory: "./secrets",
    maxBodyBytes: 4_194_304,
    holdMs: 5000,
    drainMs: 10_000,
    adminRole: "mcp.admin",
    workloadIdentityRoles: [],
    logLevel: "info",
  });
});

test("everything that is wrong is said at once, by name", () => {
  const said = problems({ PORT: "eighty", STORE_URL: "mysql://x", LOG_LEVEL: "loud", GATEWAY_KEYS: "short" });
  expect(said.map((problem) => problem.split(":")[0])).toEqual(["PORT", "STORE_URL", "GATEWAY_KEYS", "LOG_LEVEL"]);
});

test("development identity stays on loopback unless it is opened by name", () => {
  expect(problems({ HOST: "0.0.0.0" })[0]).toContain("ALLOW_DEV_AUTH_ON_NETWORK=true");
  expect(problems({ HOST: "0.0.0.0", ALLOW_DEV_AUTH_ON_NETWORK: "true" })).toEqual([]);
  expect(config({ HOST: "127.0.0.2" }).loopback).toBe(true);
});

test("keys are a list, current first", () => {
  const [a, b] = ["a".repeat(32), "b".repeat(40)];
  expect(config({ GATEWAY_KEYS: `${a},${b}` }).gatewayKeys).toEqual([a, b]);
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
