import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { OpenAPIHono } from "@hono/zod-openapi";
import { audiencesAt, mountMetadata, type ProtectedResource } from "../../gateway/auth/metadata.ts";
import type { RestEnv } from "../../gateway/rest.ts";

const exact: ProtectedResource = {
  mode: "exact",
  issuers: ["https://login.example.com/tenant/v2.0"],
  requiredScopes: [],
  scopesSupported: ["api://app/access"],
};
const wellKnown = "/.well-known/oauth-protected-resource";
const gateway = (resource: ProtectedResource | undefined) => {
  const app = new OpenAPIHono<RestEnv>();
  mountMetadata(app, { resource, originOf: () => "https://mcp.example.com" }, () => "r-1");
  return app;
};
const metadata = (resource: string) => ({
  resource,
  authorization_servers: ["https://login.example.com/tenant/v2.0"],
  bearer_methods_supported: ["header"],
  scopes_supported: ["api://app/access"],
  resource_name: "MCP Gateway",
});

describe("where every MCP URL is a resource", () => {
  test.each([
    ["", "https://mcp.example.com"],
    ["/mcp", "https://mcp.example.com/mcp"],
    ["/adapters/weather/mcp", "https://mcp.example.com/adapters/weather/mcp"],
    ["/adapters/nobody-has-made-this/mcp", "https://mcp.example.com/adapters/nobody-has-made-this/mcp"],
    ["/adapters/Wea%20ther%22/mcp?x=1", "https://mcp.example.com/adapters/Wea%20ther%22/mcp"],
  ])("the document at %p names %p", async (path, resource) => {
    const answer = await gateway(exact).request(`${wellKnown}${path}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
    expect(await answer.json()).toEqual(metadata(resource));
  });

  test.each([
    "/",
    "/mcp/",
    "/adapters",
    "/adapters/weather",
    "/adapters//mcp",
    "/adapters/a/b/mcp",
    "/tools/x/mcp",
    "/%6Dcp",
  ])("there is nothing at %p", async (path) => {
    expect((await gateway(exact).request(`${wellKnown}${path}`)).status).toBe(404);
  });
});

test.each([
  ["", 200],
  ["/mcp", 404],
  ["/adapters/weather/mcp", 404],
])("where the origin is the one resource, %p answers %p", async (path, status) => {
  const answer = await gateway({ ...exact, mode: "origin" }).request(`${wellKnown}${path}`);
  expect(answer.status).toBe(status);
  if (status === 200) expect(await answer.json()).toEqual(metadata("https://mcp.example.com"));
});

test("scopes that there are none of are not mentioned", async () => {
  const answer = await gateway({ ...exact, scopesSupported: [] }).request(wellKnown);
  expect(Object.keys((await answer.json()) as object)).not.toContain("scopes_supported");
});

test.each([
  ["/adapters/weather/mcp", "exact", ["https://gw", "https://gw/", "https://gw/adapters/weather/mcp"]],
  ["/mcp", "exact", ["https://gw", "https://gw/", "https://gw/mcp"]],
  ["/adapters/weather", "exact", ["https://gw", "https://gw/"]],
  ["/adapters/weather/mcp", "origin", ["https://gw", "https://gw/"]],
] as const)("at %p in mode %p a token may be for %p", (path, mode, audiences) => {
  expect(audiencesAt(path, "https://gw", mode)).toEqual([...audiences]);
});

test("with development identity there is no metadata, and a page can read that too", async () => {
  for (const path of ["", "/mcp", "/adapters/weather/mcp"]) {
    const answer = await gateway(undefined).request(`${wellKnown}${path}`, {
      headers: { origin: "https://a.example" },
    });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(await answer.json()).toMatchObject({ status: 404, requestId: "r-1" });
  }
});

test("any page may read it, with the headers that MCP clients add", async () => {
  const app = gateway(exact);
  const origin = "https://somewhere.example";
  const read = await app.request(`${wellKnown}/mcp`, { headers: { origin } });
  expect(read.headers.get("access-control-allow-origin")).toBe("*");
  const asked = await app.request(`${wellKnown}/adapters/weather/mcp`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "GET",
      "access-control-request-headers": "mcp-protocol-version",
    },
  });
  expect(asked.status).toBe(204);
  expect(asked.headers.get("access-control-allow-origin")).toBe("*");
  expect(asked.headers.get("access-control-allow-headers")).toBe("mcp-protocol-version");
  const plain = await app.request(wellKnown, { method: "OPTIONS" });
  expect([plain.status, plain.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
});

test("HEAD answers as GET does, without the body", async () => {
  const answer = await gateway(exact).request(wellKnown, { method: "HEAD" });
  expect([answer.status, answer.headers.get("cache-control"), await answer.text()]).toEqual([
    200,
    "public, max-age=60",
    "",
  ]);
});

test("a request whose Host names nothing finds nothing", async () => {
  await using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: gateway(exact).fetch });
  // Bun hands on a bare path then, in which Hono takes the first segment for a host.
  const socket = connect(server.port ?? 0, "127.0.0.1");
  socket.write(`GET /ab${wellKnown} HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n`);
  expect((await text(socket)).split("\r\n")[0]).toBe("HTTP/1.1 404 Not Found");
});
