import { expect, test } from "bun:test";
import { Hono } from "hono";
import { allowedNames } from "../../gateway/auth/allowed-names.ts";
import { addCors, corsHeaders, crossOrigin, everyone, preflight } from "../../gateway/auth/cors.ts";
import { frontDoor } from "../../gateway/auth/front-door.ts";
import type { RestEnv } from "../../gateway/rest.ts";

const portal = "https://portal.example.com";
const published = allowedNames({
  loopback: false,
  publicOrigin: "https://mcp.example.com",
  allowedHosts: [],
  allowedOrigins: [portal],
});
const laptop = allowedNames({ loopback: true, publicOrigin: undefined, allowedHosts: [], allowedOrigins: [] });
const ask = (headers: Record<string, string>) =>
  new Headers({ origin: portal, "access-control-request-method": "POST", ...headers });
const exposed =
  "Mcp-Session-Id, WWW-Authenticate, MCP-Protocol-Version, ETag, Location, Retry-After, RateLimit, RateLimit-Policy, Link, X-Request-Id";

test("an allowed page may send what MCP clients send", () => {
  const headers = "authorization, content-type, mcp-protocol-version, Mcp-Param-City";
  const answer = preflight(ask({ "access-control-request-headers": headers }), published);
  expect(answer?.status).toBe(204);
  expect(Object.fromEntries(answer?.headers ?? [])).toEqual({
    "access-control-allow-origin": portal,
    "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
    "access-control-allow-headers": headers,
    "access-control-max-age": "7200",
    vary: "Origin, Access-Control-Request-Headers",
  });
});

test("another page may send nothing", () => {
  const answer = preflight(ask({ origin: "https://evil.example" }), published);
  expect(answer?.status).toBe(403);
  expect(Object.fromEntries(answer?.headers ?? [])).toEqual({ vary: "Origin" });
});

test("OPTIONS that is no preflight is somebody else's", () => {
  expect(preflight(new Headers(), published)).toBeUndefined();
  expect(preflight(new Headers({ origin: portal }), published)).toBeUndefined();
  expect(preflight(new Headers({ "access-control-request-method": "GET" }), everyone)).toBeUndefined();
});

test.each([
  ["no headers", ""],
  ["a header that is no token", "authorization, x y"],
  ["an empty one", "authorization,,content-type"],
  ["a broken one", "authorization, x:y"],
  ["one too many", Array.from({ length: 65 }, (_, i) => `x-${i}`).join(",")],
  ["more text than anybody needs", "x".repeat(2049)],
])("allows none for %s", (_name, headers) => {
  const answer = preflight(ask({ "access-control-request-headers": headers }), published);
  expect([answer?.status, answer?.headers.has("access-control-allow-headers")]).toEqual([204, false]);
});

test("what is public is everybody's", () => {
  const answer = preflight(ask({ origin: "null" }), everyone);
  expect([answer?.status, answer?.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
});

test("the front door and the browser are told the same pages", () => {
  const origins = [
    portal,
    "https://mcp.example.com",
    "http://mcp.example.com",
    "https://evil.example",
    "http://localhost:6274",
    "http://127.0.0.1:1",
    "http://[::1]:1",
    "http://localhost.evil.example",
    "null",
    "localhost",
    "",
  ];
  for (const names of [published, laptop]) {
    const door = frontDoor({ names, identify: () => ({ state: "anonymous" }) });
    const host = names === laptop ? "localhost" : "mcp.example.com";
    for (const origin of origins) {
      const admission = door.admit(new Request("http://x/", { headers: { host, origin } }));
      const refused = !(admission instanceof Promise) && admission.state === "refused" && admission.status === 403;
      expect([origin, corsHeaders(origin, names) === undefined]).toEqual([origin, refused]);
    }
  }
});

test("an answer for an allowed page can be read, and no upstream widens that", () => {
  const answer = new Headers({
    "access-control-allow-origin": "*",
    "access-control-allow-credentials": "true",
    vary: "Accept-Encoding",
  });
  addCors(answer, portal, published);
  expect(Object.fromEntries(answer)).toEqual({
    "access-control-allow-origin": portal,
    "access-control-expose-headers": exposed,
    vary: "Accept-Encoding, Origin",
  });
});

test("an answer that no allowed page asked for stays as it is", () => {
  for (const origin of [undefined, "https://evil.example"]) {
    const answer = new Headers({ vary: "Accept" });
    addCors(answer, origin, published);
    expect(Object.fromEntries(answer)).toEqual({ vary: "Accept" });
  }
});

test("REST: a preflight passes before the front door, and a page can read a refusal", async () => {
  const app = new Hono<RestEnv>();
  app.use("*", crossOrigin(published), async () => new Response("who are you?", { status: 401 }));
  const asked = await app.request("/adapters", { method: "OPTIONS", headers: ask({}) });
  expect(asked.status).toBe(204);
  const refused = await app.request("/adapters", { headers: { origin: portal } });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("access-control-allow-origin")).toBe(portal);
  expect(refused.headers.get("access-control-expose-headers")).toBe(exposed);
  expect((await app.request("/adapters", { method: "OPTIONS" })).status).toBe(401);
});
