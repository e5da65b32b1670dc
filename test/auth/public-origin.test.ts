import { expect, test } from "bun:test";
import { publicOriginOf } from "../../gateway/auth/public-origin.ts";

type Case = readonly [name: string, headers: Record<string, string>, origin: string];
const own = "http://gw.internal:8000";
const url = `${own}/adapters/weather/mcp?x=1`;
const believed = (headers: Record<string, string>) =>
  publicOriginOf({ url, headers: new Headers(headers) }, { publicOrigin: undefined, trustForwarded: true });

test("PUBLIC_ORIGIN decides, whatever anybody says", () => {
  const headers = new Headers({ "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" });
  expect(publicOriginOf({ url, headers }, { publicOrigin: "https://mcp.example.com", trustForwarded: true })).toBe(
    "https://mcp.example.com",
  );
});

test("forwarded headers are not believed unless a setting says so", () => {
  const headers = new Headers({ "x-forwarded-host": "evil.example", forwarded: "host=evil.example" });
  expect(publicOriginOf({ url, headers }, { publicOrigin: undefined, trustForwarded: false })).toBe(own);
});

test("without a Host the origin is still one", () => {
  const settings = { publicOrigin: undefined, trustForwarded: true };
  expect(publicOriginOf({ url: "/mcp", headers: new Headers() }, settings)).toBe("http://localhost");
  expect(
    publicOriginOf({ url: "/mcp", headers: new Headers({ forwarded: "proto=https;host=gw.example" }) }, settings),
  ).toBe("https://gw.example");
});

test.each<Case>([
  ["nothing forwarded", {}, own],
  ["the scheme alone", { "x-forwarded-proto": "https" }, "https://gw.internal:8000"],
  [
    "scheme and host",
    { "x-forwarded-proto": "https", "x-forwarded-host": "mcp.example.com" },
    "https://mcp.example.com",
  ],
  ["capitals", { "x-forwarded-proto": "HTTPS", "x-forwarded-host": "MCP.Example.com" }, "https://mcp.example.com"],
  [
    "the usual port",
    { "x-forwarded-proto": "https", "x-forwarded-host": "mcp.example.com", "x-forwarded-port": "443" },
    "https://mcp.example.com",
  ],
  [
    "another port",
    { "x-forwarded-proto": "https", "x-forwarded-host": "mcp.example.com", "x-forwarded-port": "8443" },
    "https://mcp.example.com:8443",
  ],
  [
    "a host that has its port",
    { "x-forwarded-proto": "https", "x-forwarded-host": "mcp.example.com:9443", "x-forwarded-port": "8443" },
    "https://mcp.example.com:9443",
  ],
  ["a port alone", { "x-forwarded-port": "8443" }, own],
  ["an IPv6 host", { "x-forwarded-host": "[2001:db8::1]:8443" }, "http://[2001:db8::1]:8443"],
  [
    "a caller's own element before the proxy's",
    { "x-forwarded-proto": "http, https", "x-forwarded-host": "evil.example, mcp.example.com" },
    "https://mcp.example.com",
  ],
  ["RFC 7239", { forwarded: 'for=192.0.2.1;proto=https;host="mcp.example.com:8443"' }, "https://mcp.example.com:8443"],
  ["RFC 7239, capitals and spaces", { forwarded: " Proto=HTTPS;Host=mcp.example.com " }, "https://mcp.example.com"],
  [
    "RFC 7239, a caller's own element before the proxy's",
    { forwarded: "host=evil.example;proto=http, for=192.0.2.1;host=mcp.example.com;proto=https" },
    "https://mcp.example.com",
  ],
  [
    "RFC 7239, commas and semicolons in quotes",
    { forwarded: 'for="a,b;c\\"d";proto=https' },
    "https://gw.internal:8000",
  ],
  [
    "both, of one mind",
    {
      forwarded: "host=mcp.example.com;proto=https",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "mcp.example.com",
    },
    "https://mcp.example.com",
  ],
])("behind a trusted proxy: %s", (_name, headers, origin) => {
  expect(believed(headers)).toBe(origin);
});

test.each<[name: string, headers: Record<string, string>]>([
  ["a scheme that is none of ours", { "x-forwarded-proto": "javascript", "x-forwarded-host": "mcp.example.com" }],
  ["an empty scheme", { "x-forwarded-proto": "https,", "x-forwarded-host": "mcp.example.com" }],
  ["an empty host", { "x-forwarded-proto": "https", "x-forwarded-host": "" }],
  ["a path", { "x-forwarded-host": "mcp.example.com/evil" }],
  ["a user", { "x-forwarded-host": "mcp.example.com@evil.example" }],
  ["a query", { "x-forwarded-host": "evil.example?mcp.example.com" }],
  ["a backslash", { "x-forwarded-host": "evil.example\\mcp" }],
  ["a quote", { "x-forwarded-host": 'mcp.example.com", scope="x' }],
  ["a port beyond ports", { "x-forwarded-host": "mcp.example.com:70000" }],
  ["a port that is none", { "x-forwarded-host": "mcp.example.com", "x-forwarded-port": "443x" }],
  ["port zero in the host", { "x-forwarded-host": "mcp.example.com:0" }],
  ["port zero", { "x-forwarded-host": "mcp.example.com", "x-forwarded-port": "0" }],
  ["a name of any length", { "x-forwarded-host": "a".repeat(300) }],
  ["an open quote", { forwarded: 'host="mcp.example.com' }],
  ["something after the quote", { forwarded: 'host="mcp.example.com"x' }],
  ["a pair twice", { forwarded: "host=mcp.example.com;host=evil.example" }],
  ["no pair", { forwarded: "mcp.example.com" }],
  ["an empty last element", { forwarded: "host=mcp.example.com," }],
  ["a header without end", { forwarded: `for=${"a".repeat(2000)};host=mcp.example.com` }],
  [
    "a caller's Forwarded past a proxy that sets the others",
    {
      forwarded: "host=evil.example;proto=https",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "mcp.example.com",
    },
  ],
  ["a broken Forwarded beside good others", { forwarded: "?", "x-forwarded-host": "mcp.example.com" }],
])("behind a trusted proxy, ignored: %s", (_name, headers) => {
  expect(believed(headers)).toBe(own);
});
