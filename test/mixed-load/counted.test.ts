import { expect, test } from "bun:test";
import { sumOf } from "./counted.ts";

test("series of a metric are summed up over their labels", () => {
  const exposition = [
    "# HELP mcp_gateway_sessions MCP sessions",
    "# TYPE mcp_gateway_sessions gauge",
    'mcp_gateway_sessions{adapter="a",replica="a-0"} 12',
    'mcp_gateway_sessions{adapter="a",replica="a-1"} 3',
    'mcp_gateway_sessions_opened_total{adapter="a",replica="a-0"} 700',
    "mcp_gateway_upstream_connections 9",
  ].join("\n");
  expect(sumOf(exposition, "mcp_gateway_sessions")).toBe(15);
  expect(sumOf(exposition, "mcp_gateway_upstream_connections")).toBe(9);
  expect(sumOf(exposition, "mcp_gateway_open_streams")).toBe(0);
});
