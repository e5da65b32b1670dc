import { expect, test } from "bun:test";
import Registry from "prom-client/lib/registry.js";
import { trafficMetrics } from "../../../gateway/observe/metrics/traffic-metrics.ts";
import { request } from "../request.ts";

/** Figures, and what Prometheus would read. */
function stand() {
  const registry = new Registry();
  const metrics = trafficMetrics(registry);
  return { metrics, lines: async () => (await registry.metrics()).split("\n").filter((line) => !line.startsWith("#")) };
}

test("a request is counted by what it was, and its times by what they were spent on", async () => {
  const { metrics, lines } = stand();
  metrics.requestOver(request);
  metrics.requestOver({ ...request, rpcError: -32602 });
  metrics.requestOver({ ...request, via: "router", status: 503, upstreamMs: undefined });
  metrics.requestOver({ ...request, status: 299, rpcError: 77 });
  const shown = await lines();
  expect(shown).toEqual(
    expect.arrayContaining([
      'mcp_gateway_requests_total{adapter="weather",method="tools/call",status="200",rpc_error="none",via="client"} 1',
      'mcp_gateway_requests_total{adapter="weather",method="tools/call",status="200",rpc_error="-32602",via="client"} 1',
      'mcp_gateway_requests_total{adapter="weather",method="tools/call",status="503",rpc_error="none",via="router"} 1',
      'mcp_gateway_requests_total{adapter="weather",method="tools/call",status="2xx",rpc_error="other",via="client"} 1',
      'mcp_gateway_request_duration_seconds_bucket{adapter="weather",method="tools/call",le="0.025"} 0',
      'mcp_gateway_request_duration_seconds_bucket{adapter="weather",method="tools/call",le="0.05"} 4',
      'mcp_gateway_request_duration_seconds_bucket{adapter="weather",method="tools/call",le="+Inf"} 4',
      'mcp_gateway_request_duration_seconds_sum{adapter="weather",method="tools/call"} 0.12',
      'mcp_gateway_overhead_seconds_bucket{method="tools/call",le="0.00025"} 4',
      'mcp_gateway_upstream_duration_seconds_count{adapter="weather"} 3',
      'mcp_gateway_request_bytes_total{adapter="weather"} 400',
      'mcp_gateway_response_bytes_total{adapter="weather"} 800',
    ]),
  );
});

test("a stream that lasts says nothing by its length, and is counted while it is open", async () => {
  const { metrics, lines } = stand();
  metrics.streams("weather", 1);
  metrics.streams("weather", 1);
  metrics.streams("weather", -1);
  metrics.requestOver({ ...request, method: "GET", isStream: true, isLasting: true, durationMs: 3_600_000 });
  const shown = await lines();
  expect(shown).toContain('mcp_gateway_open_streams{adapter="weather"} 1');
  expect(shown).toContain('mcp_gateway_request_duration_seconds_count{adapter="weather",method="GET"} 0');
});

test("10,000 made-up tools, methods, statuses, errors and reasons leave few series; what is called in earnest keeps its own", async () => {
  const { metrics, lines } = stand();
  for (let i = 0; i < 10_000; i++) {
    metrics.requestOver({ ...request, method: `made/up${i}`, status: 200 + (i % 400), rpcError: i });
    metrics.toolCalled("weather", `made-up-${i}`, "error");
    metrics.refused(`reason ${i}`);
  }
  metrics.toolCalled("weather", "forecast", "ok");
  metrics.toolCalled("weather", "forecast", "error");
  for (let i = 0; i < 1000; i++) metrics.toolCalled("weather", `real-${i}`, "ok");
  metrics.toolCalled("weather", "x".repeat(1000), "ok");
  const shown = await lines();
  expect(shown).toEqual(
    expect.arrayContaining([
      'mcp_gateway_tool_calls_total{adapter="weather",tool="other",outcome="error"} 10000',
      'mcp_gateway_tool_calls_total{adapter="weather",tool="forecast",outcome="ok"} 1',
      'mcp_gateway_tool_calls_total{adapter="weather",tool="forecast",outcome="error"} 1',
      'mcp_gateway_tool_calls_total{adapter="weather",tool="real-0",outcome="ok"} 1',
      'mcp_gateway_tool_calls_total{adapter="weather",tool="other",outcome="ok"} 902',
    ]),
  );
  expect(shown.filter((line) => line.startsWith("mcp_gateway_requests_total")).length).toBeLessThan(50);
  expect(shown.length).toBeLessThan(300);
});

test("10,000 adapters are more than there is room for: the first have series of their own, the rest one together", async () => {
  const { metrics, lines } = stand();
  for (let i = 0; i < 10_000; i++) {
    metrics.requestOver({ ...request, place: `adapter-${i}` });
    metrics.sessionOpened(`adapter-${i}`, `adapter-${i}-0`);
    metrics.sessionLost(`adapter-${i}`, "replica-gone");
  }
  const shown = await lines();
  expect(shown).toEqual(
    expect.arrayContaining([
      'mcp_gateway_request_bytes_total{adapter="adapter-999"} 100',
      'mcp_gateway_request_bytes_total{adapter="other"} 900000',
      'mcp_gateway_sessions_opened_total{adapter="other",replica="other"} 9000',
    ]),
  );
  expect(shown.length).toBeLessThan(60_000);
});

test("an adapter that is no more takes its figures along, and leaves its place to another", async () => {
  const { metrics, lines } = stand();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 900; i++) {
      metrics.requestOver({ ...request, place: `adapter-${round}-${i}` });
      metrics.toolCalled(`adapter-${round}-${i}`, "forecast", "ok");
    }
    expect(await lines()).toContain(`mcp_gateway_request_bytes_total{adapter="adapter-${round}-899"} 100`);
    for (let i = 0; i < 900; i++) metrics.forget(`adapter-${round}-${i}`);
    expect((await lines()).filter((line) => line.includes("adapter-"))).toEqual([]);
  }
});

test("what comes back under the same name begins at nothing", async () => {
  const { metrics, lines } = stand();
  metrics.requestOver(request);
  metrics.forget("weather");
  metrics.requestOver(request);
  expect(await lines()).toContain(
    'mcp_gateway_requests_total{adapter="weather",method="tools/call",status="200",rpc_error="none",via="client"} 1',
  );
});
