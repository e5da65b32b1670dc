import { expect, test } from "bun:test";
import { devPrincipal, identifyByHeaders } from "../../gateway/auth/dev.ts";
import { allowedNames } from "../../gateway/auth/allowed-names.ts";
import { frontDoor } from "../../gateway/auth/front-door.ts";

const nothing = { loopback: true, publicOrigin: undefined, allowedHosts: [], allowedOrigins: [] };
const laptop = allowedNames(nothing);
const published = allowedNames({
  loopback: false,
  publicOrigin: "https://mcp.example.com",
  allowedHosts: ["gateway.mcp.svc"],
  allowedOrigins: ["https://inspector.example.com"],
});
const unnamed = allowedNames({ ...nothing, loopback: false });
const status = async (names: typeof laptop, headers: Record<string, string>) => {
  const admission = await frontDoor({ names, identify: identifyByHeaders }).admit(
    new Request("http://x/", { headers }),
  );
  return admission.state === "known" ? 200 : admission.status;
};

test.each([
  ["localhost", laptop, { host: "localhost:8000" }, 200],
  ["127.0.0.1", laptop, { host: "127.0.0.1:8000" }, 200],
  ["IPv6 loopback", laptop, { host: "[::1]:8000" }, 200],
  ["capitals", laptop, { host: "LocalHost:8000" }, 200],
  ["a rebound name", laptop, { host: "evil.example:8000" }, 403],
  ["a name that begins alike", laptop, { host: "localhost.evil.example" }, 403],
  ["no host", laptop, {}, 403],
  ["a local page", laptop, { host: "localhost", origin: "http://localhost:6274" }, 200],
  ["a foreign page", laptop, { host: "localhost", origin: "https://evil.example" }, 403],
  ["a page from nowhere", laptop, { host: "localhost", origin: "null" }, 403],
  ["an origin that is none", laptop, { host: "localhost", origin: "localhost" }, 403],
  ["the public host", published, { host: "mcp.example.com" }, 200],
  ["a further host", published, { host: "gateway.mcp.svc:8000" }, 200],
  ["another host", published, { host: "10.0.0.7:8000" }, 403],
  ["its own page", published, { host: "mcp.example.com", origin: "https://mcp.example.com" }, 200],
  ["its own page without TLS", published, { host: "mcp.example.com", origin: "http://mcp.example.com" }, 403],
  ["a listed page", published, { host: "mcp.example.com", origin: "https://inspector.example.com" }, 200],
  ["a local page on a published gateway", published, { host: "mcp.example.com", origin: "http://localhost:1" }, 403],
  ["any host where none was named", unnamed, { host: "10.0.0.7:8000" }, 200],
  ["no page where none was named", unnamed, { host: "a.example", origin: "http://a.example" }, 403],
] as const)("%s", async (_name, names, headers, expected) => {
  expect(await status(names, headers as Record<string, string>)).toBe(expected);
});

test("development identity is what the headers say, and dev otherwise", () => {
  expect(devPrincipal({})).toEqual({ key: "dev:dev", id: "dev", name: "dev", roles: ["mcp.dev"] });
  expect(
    devPrincipal({ "x-dev-userid": "alice", "x-dev-name": "Alice", "x-dev-roles": "mcp.admin, mcp.ops," }),
  ).toEqual({ key: "dev:alice", id: "alice", name: "Alice", roles: ["mcp.admin", "mcp.ops"] });
});
