import { expect, test } from "bun:test";
import { challenge, isRequirableScope, isScope, missingScopes } from "../../gateway/auth/challenge.ts";
import type { ProtectedResource } from "../../gateway/auth/metadata.ts";

const origin = "https://mcp.example.com";
const url = "http://gw.internal:8000/adapters/weather/mcp?session_id=1";
const exact: ProtectedResource = {
  mode: "exact",
  issuers: ["https://login.example.com"],
  requiredScopes: [],
  scopesSupported: ["api://app/.default"],
};
const scoped: ProtectedResource = { ...exact, requiredScopes: ["api://app/access", "mcp.write"] };
const wellKnown = `${origin}/.well-known/oauth-protected-resource`;

test.each([
  ["no-token", url, exact, `Bearer resource_metadata="${wellKnown}/adapters/weather/mcp"`],
  ["no-token", `${origin}/mcp`, exact, `Bearer resource_metadata="${wellKnown}/mcp"`],
  ["no-token", `${origin}/adapters`, exact, `Bearer resource_metadata="${wellKnown}"`],
  ["no-token", `${origin}/adapters/weather/mcp/more`, exact, `Bearer resource_metadata="${wellKnown}"`],
  ["no-token", "/adapters", exact, `Bearer resource_metadata="${wellKnown}"`],
  ["no-token", `${origin}/mcp`, { ...exact, mode: "origin" }, "Bearer"],
  ["bad-token", `${origin}/mcp`, exact, `Bearer error="invalid_token", resource_metadata="${wellKnown}/mcp"`],
  [
    "bad-token",
    `${origin}/mcp`,
    { ...scoped, mode: "origin" },
    'Bearer error="invalid_token", scope="api://app/access mcp.write"',
  ],
  [
    "missing-scope",
    `${origin}/mcp`,
    scoped,
    `Bearer error="insufficient_scope", error_description="The token lacks a scope that is needed here", scope="api://app/access mcp.write", resource_metadata="${wellKnown}/mcp"`,
  ],
] as const)("%s at %s", (why, url, resource, expected) => {
  expect(challenge(why, { url, origin, resource })).toBe(expected);
});

test("whatever stands in a path or scope, the value is one header of quoted parameters", () => {
  for (const name of ['a"b', "a\\b", "é", "a%22, scope=%22x", "a\r\nb", "☃"]) {
    const value = challenge("no-token", { url: `http://gw/adapters/${name}/mcp`, origin, resource: exact });
    expect(value).toMatch(/^Bearer resource_metadata="[!#-[\]-~]+"$/);
    expect(new Headers({ "www-authenticate": value }).get("www-authenticate")).toBe(value);
  }
  const resource = { ...exact, requiredScopes: ['a"b\\c', "\u{1f511}"] };
  expect(challenge("bad-token", { url: `${origin}/mcp`, origin, resource })).toBe(
    `Bearer error="invalid_token", scope="a%22b%5Cc %F0%9F%94%91", resource_metadata="${wellKnown}/mcp"`,
  );
});

test.each([
  [[], [], []],
  [["mcp"], ["mcp", "openid"], []],
  [["mcp"], [], ["mcp"]],
  [["mcp", "mcp.write"], ["mcp"], ["mcp.write"]],
  [["api://app/access"], ["access"], []],
  [["https://mcp.example.com/access"], ["access"], []],
  [["api://app/access"], ["api://app/access"], []],
  [["api://app/access"], ["api://app"], ["api://app/access"]],
  [["read/access"], ["access"], ["read/access"]],
  [["Mcp"], ["mcp"], ["Mcp"]],
])("of %p a token with %p lacks %p", (required, held, missing) => {
  expect(missingScopes(required, held)).toEqual(missing);
});

test("scopes that no header can carry, or no token will hold, are told apart", () => {
  expect(["mcp", "api://app/.default", "a b", 'a"b', "a\\b", "", "é", "offline_access"].map(isScope)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(["mcp", "api://app/access", "api://app/.default", ".default"].map(isRequirableScope)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
