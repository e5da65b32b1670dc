import { expect, test } from "bun:test";
import { adapterIn } from "../../gateway/data-plane/path.ts";

test.each([
  ["http://localhost:8000/adapters/weather/mcp", "weather"],
  ["http://localhost:8000/adapters/weather/mcp?status=200", "weather"],
  ["https://[::1]/adapters/a-b-1/mcp", "a-b-1"],
  ["http://localhost/adapters/mcp/mcp", "mcp"],
  ["http://localhost/adapters/weather", undefined],
  ["http://localhost/adapters/weather/mcp/", undefined],
  ["http://localhost/adapters/weather/mcpx", undefined],
  ["http://localhost/adapters/weather/status", undefined],
  ["http://localhost/adapters//mcp", undefined],
  ["http://localhost/adapters/mcp", undefined],
  ["http://localhost/x/adapters/weather/mcp", undefined],
  ["http://localhost/?/adapters/weather/mcp", undefined],
  ["http://localhost", undefined],
])("%s is for %p", (url, adapter) => {
  expect(adapterIn(url)).toBe(adapter as string);
});
