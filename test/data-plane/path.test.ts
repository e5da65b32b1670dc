import { expect, test } from "bun:test";
import { mcpTargetIn } from "../../gateway/data-plane/path.ts";

test.each([
  ["http://localhost:8000/adapters/weather/mcp", "weather"],
  ["http://localhost:8000/adapters/weather/mcp?status=200", "weather"],
  ["https://[::1]/adapters/a-b-1/mcp", "a-b-1"],
  ["http://localhost/adapters/mcp/mcp", "mcp"],
])("%s is for the adapter %p", (url, name) => {
  expect(mcpTargetIn(url)).toEqual({ kind: "adapter", name });
});

test("a virtual server and the tool router have paths of their own", () => {
  expect(mcpTargetIn("http://localhost/servers/support/mcp")).toEqual({ kind: "server", name: "support" });
  expect(mcpTargetIn("http://localhost/servers/support/mcp?x")).toEqual({ kind: "server", name: "support" });
  expect(mcpTargetIn("http://localhost/mcp")).toEqual({ kind: "router" });
  expect(mcpTargetIn("http://localhost/mcp?x=1")).toEqual({ kind: "router" });
});

test.each([
  "http://localhost/adapters/weather",
  "http://localhost/adapters/weather/mcp/",
  "http://localhost/adapters/weather/mcpx",
  "http://localhost/adapters/weather/status",
  "http://localhost/adapters//mcp",
  "http://localhost/adapters/mcp",
  "http://localhost/servers/mcp",
  "http://localhost/servers/support",
  "http://localhost/mcp/",
  "http://localhost/mcps",
  "http://localhost/x/mcp",
  "http://localhost/x/adapters/weather/mcp",
  "http://localhost/?/adapters/weather/mcp",
  "http://localhost/?/mcp",
  "http://localhost",
])("%s is for none", (url) => {
  expect(mcpTargetIn(url)).toBeUndefined();
});
