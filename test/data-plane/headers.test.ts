import { expect, test } from "bun:test";
import { isNotDownstream, upstreamHeaders } from "../../gateway/data-plane/headers.ts";

const alice = { key: "dev:alice", id: "alice", name: "Alice", roles: ["mcp.dev", "mcp.engineer"] };
const passage = {
  principal: alice,
  address: "192.0.2.7",
  origin: "https://mcp.example.com:8443",
  era: "legacy" as const,
  session: "upstream-id" as string | undefined,
};
const added = {
  "accept-encoding": "identity",
  "x-mcp-userid": "alice",
  "x-mcp-roles": "mcp.dev,mcp.engineer",
  forwarded: 'for=192.0.2.7;proto=https;host="mcp.example.com:8443"',
};
const up = (headers: Record<string, string>, changed: Partial<typeof passage> = {}) =>
  upstreamHeaders(headers, { ...passage, ...changed } as typeof passage);

test("what MCP needs goes up, and what nobody knows of too", () => {
  const sent = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "last-event-id": "7",
    "mcp-protocol-version": "2025-11-25",
    "mcp-method": "tools/call",
    "mcp-name": "add",
    "mcp-param-region": "=?base64?w7w=?=",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "x-api-key": "mine",
  };
  expect(up(sent)).toEqual({ ...sent, ...added, "mcp-session-id": "upstream-id" });
});

test("credentials, forged identity and the hop's own headers stay here", () => {
  const forged = {
    authorization: "Bearer secret",
    cookie: "a=b",
    host: "evil.example",
    origin: "http://localhost:3000",
    forwarded: "for=1.2.3.4",
    "x-forwarded-for": "1.2.3.4",
    "x-mcp-userid": "root",
    "x-mcp-roles": "mcp.admin",
    "x-gateway-secret": "x",
    "x-dev-userid": "alice",
    "content-length": "5",
    te: "trailers",
    upgrade: "websocket",
    "keep-alive": "timeout=5",
    "transfer-encoding": "chunked",
    "proxy-authorization": "Basic x",
    "mcp-session-id": "g1.sealed",
    "mcp-gateway-assertion": "forged",
    "mcp-gateway-call": "tools/call add",
  };
  expect(up(forged, { session: undefined })).toEqual(added);
});

test("what Connection names is dropped with it", () => {
  expect(up({ connection: "close, X-Hop", "x-hop": "1", "x-stays": "2" }, { session: undefined })).toEqual({
    ...added,
    "x-stays": "2",
  });
});

test("a modern request goes up without session and without Last-Event-ID", () => {
  expect(up({ "last-event-id": "7", "mcp-session-id": "x" }, { era: "modern" } as never)).toEqual(added);
});

test("an IPv6 client stands in brackets", () => {
  expect(up({}, { address: "2001:db8::1" }).forwarded).toBe(
    'for="[2001:db8::1]";proto=https;host="mcp.example.com:8443"',
  );
});

test("a name outside ASCII cannot break out of its header", () => {
  const principal = { ...alice, id: "zoë\r\nx-mcp-roles: mcp.admin", roles: [] };
  expect(up({}, { principal })["x-mcp-userid"]).toBe("zo%C3%AB%0D%0Ax-mcp-roles: mcp.admin");
});

test.each([
  ["content-type", false],
  ["cache-control", false],
  ["x-accel-buffering", false],
  ["www-authenticate", false],
  ["mcp-protocol-version", false],
  ["allow", false],
  ["server", true],
  ["set-cookie", true],
  ["mcp-session-id", true],
  ["mcp-guard-failure", true],
])("of an answer %s does not reach the client: %p", (name, isDropped) => expect(isNotDownstream(name)).toBe(isDropped));
