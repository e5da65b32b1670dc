import { afterEach, beforeEach, expect, test } from "bun:test";
import { type Receiver, startReceiver } from "../../support/otlp-receiver.ts";
import { until } from "../../support/until.ts";
import { gatewayKey, type GuardProcess, keyVolume, startGuard, vouched } from "./support.ts";

let stack: AsyncDisposableStack;
let answer: (request: Request) => Response;
let seen: Headers[];

beforeEach(() => {
  stack = new AsyncDisposableStack();
  seen = [];
  answer = () => Response.json({ jsonrpc: "2.0", id: 1, result: {} });
});
afterEach(() => stack.disposeAsync());

async function guardWith(environment: Record<string, string>): Promise<GuardProcess> {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      seen.push(request.headers);
      return answer(request);
    },
  });
  stack.defer(() => server.stop(true));
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  return stack.use(await startGuard(`http://127.0.0.1:${server.port}`, volume.file, environment));
}

const exporting = ({ url }: Receiver) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: "20" });
const parent = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: "vendor=1" };
const call = { "mcp-gateway-call": "tools/call add", "mcp-protocol-version": "2025-11-25" };

const ask = ({ url }: GuardProcess, headers: Record<string, string>, method = "POST", sid?: string) =>
  fetch(`${url}/mcp`, {
    method,
    headers: { ...vouched({ sid }), ...headers },
    body: method === "POST" ? "{}" : undefined,
  });

test("a request is a server span below the gateway's, and the server is below it", async () => {
  const receiver = stack.use(startReceiver());
  const guard = await guardWith(exporting(receiver));
  expect((await ask(guard, { ...parent, ...call, baggage: "a=b" }, "POST", "session-1")).status).toBe(200);
  const span = await until("the span", () => receiver.spans[0]);
  expect(span).toMatchObject({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    parentSpanId: "00f067aa0ba902b7",
    name: "tools/call add",
    kind: 2,
    status: 0,
    attributes: {
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "add",
      "gen_ai.operation.name": "execute_tool",
      "mcp.protocol.version": "2025-11-25",
      "mcp.session.id": new Bun.CryptoHasher("sha256").update("session-1").digest("hex").slice(0, 32),
      "http.request.method": "POST",
      "http.response.status_code": 200,
      "network.protocol.name": "http",
      "network.protocol.version": "1.1",
      "network.transport": "tcp",
    },
    resource: {
      "service.name": "mcp-guard",
      "service.instance.id": "5f0c2d1e-pod",
      "k8s.namespace.name": "adapter",
      "k8s.pod.uid": "5f0c2d1e-pod",
      "mcp_gateway.adapter": "weather",
    },
    scope: "mcp-guard",
  });
  expect(seen[0]?.get("traceparent")).toBe(`00-4bf92f3577b34da6a3ce929d0e0e4736-${span.spanId}-01`);
  expect(seen[0]?.get("tracestate")).toBe("vendor=1");
  expect(seen[0]?.get("baggage")).toBe("a=b");
});

test("a span tells of failures, and only of the server's", async () => {
  const receiver = stack.use(startReceiver());
  const guard = await guardWith(exporting(receiver));
  const error = { code: -32602, message: "no" };
  const answers = [
    () => Response.json({ jsonrpc: "2.0", id: 1, error }),
    () => new Response("no", { status: 500 }),
    () => new Response("no", { status: 415 }),
  ];
  for (const next of answers) {
    answer = next;
    await ask(guard, call);
  }
  await until("the spans", () => receiver.spans.length === 3);
  const told = receiver.spans.map(({ status, attributes }) => [
    status,
    attributes["error.type"],
    attributes["http.response.status_code"],
    attributes["rpc.response.status_code"],
  ]);
  expect(told).toEqual([
    [2, "-32602", 200, "-32602"],
    [2, "500", 500, undefined],
    [0, undefined, 415, undefined],
  ]);
});

test("a server that is not there is an error of its type, and a stream without a message is no span", async () => {
  const receiver = stack.use(startReceiver());
  const volume = stack.use(await keyVolume());
  await volume.publish([gatewayKey]);
  const guard = stack.use(await startGuard("http://127.0.0.1:1", volume.file, exporting(receiver)));
  await ask(guard, {}, "GET");
  await ask(guard, {}, "DELETE");
  await ask(guard, { "mcp-gateway-call": "resources/read" });
  await until("the span", () => receiver.spans.length > 0);
  expect(receiver.spans.map(({ name, attributes }) => [name, attributes["error.type"]])).toEqual([
    ["resources/read", "refused"],
  ]);
});

test("a stranger is no span", async () => {
  const receiver = stack.use(startReceiver());
  const guard = await guardWith(exporting(receiver));
  expect((await fetch(`${guard.url}/mcp`, { method: "POST", headers: parent, body: "{}" })).status).toBe(403);
  await ask(guard, call);
  await until("the other's span", () => receiver.spans.length > 0);
  expect(receiver.spans.map(({ parentSpanId }) => parentSpanId)).toEqual([""]);
});

test("a trace that the gateway does not record is not recorded, and goes on unrecorded", async () => {
  const receiver = stack.use(startReceiver());
  const guard = await guardWith(exporting(receiver));
  await ask(guard, { traceparent: parent.traceparent.replace(/01$/, "00") });
  await ask(guard, parent);
  await until("the other's span", () => receiver.spans.length > 0);
  expect(receiver.spans).toHaveLength(1);
  expect(seen[0]?.get("traceparent")).toBe("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
});

test("without a collector traces pass through untouched", async () => {
  const guard = await guardWith({});
  await ask(guard, { ...parent, baggage: "a=b" });
  expect(seen[0]?.get("traceparent")).toBe(parent.traceparent);
  expect(seen[0]?.get("tracestate")).toBe("vendor=1");
  expect(seen[0]?.get("baggage")).toBe("a=b");
});

test("a collector that hangs slows nothing down, and what it does not take is counted", async () => {
  const receiver = stack.use(startReceiver(() => new Promise<Response>(() => {})));
  const guard = await guardWith({
    ...exporting(receiver),
    OTEL_TRACES_SAMPLER: "always_on",
    OTEL_EXPORTER_OTLP_TIMEOUT: "200",
    OTEL_BSP_MAX_QUEUE_SIZE: "50",
  });
  await ask(guard, call);
  await until("it hangs", () => receiver.posts.length > 0);
  const startedMs = performance.now();
  for (let i = 0; i < 20; i++) {
    const all = await Promise.all(Array.from({ length: 25 }, () => ask(guard, call)));
    expect(all.every(({ status }) => status === 200)).toBe(true);
  }
  expect(performance.now() - startedMs).toBeLessThan(5000);
  const lost = await until("spans are lost", async () => {
    const count = (await guard.metrics()).get("mcp_guard_spans_dropped_total") ?? 0;
    return count > 100 && count;
  });
  expect(lost).toBeLessThanOrEqual(501);
  expect(guard.log().split("spans are lost").length - 1).toBe(1);
  expect(await guard.end("SIGTERM")).toBe(0);
});
