import { afterEach, beforeEach, expect, test } from "bun:test";
import { openTracing } from "../../../gateway/observe/traces/trace.ts";
import type { TraceSettings } from "../../../gateway/observe/traces/settings.ts";
import { until } from "../../support/until.ts";
import { type Receiver, startReceiver } from "../../support/otlp-receiver.ts";

let stack: AsyncDisposableStack;
let dropped: { spans: number; reasons: Set<string> };

beforeEach(() => {
  stack = new AsyncDisposableStack();
  dropped = { spans: 0, reasons: new Set() };
});
afterEach(() => stack.disposeAsync());

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

function open(receiver: Pick<Receiver, "url">, changes: Partial<TraceSettings> = {}) {
  const settings: TraceSettings = {
    url: `${receiver.url}/v1/traces`,
    headers: { "api-key": "secret" },
    timeoutMs: 300,
    sampler: "parentbased_always_on",
    ratio: 1,
    delayMs: 10,
    maxWaiting: 100,
    resource: { "service.name": "sample" },
    ...changes,
  };
  const tracing = openTracing(settings, { name: "scope", version: "1" }, (spans, why) => {
    dropped.spans += spans;
    dropped.reasons.add(why);
  });
  return stack.use(tracing);
}

test("a span reaches the collector as the child of the request's own, with what it says", async () => {
  const receiver = stack.use(startReceiver());
  const tracing = open(receiver);
  const headers = { traceparent: `${parent}-01`, tracestate: "vendor=1" };
  const span = tracing.serve("tools/call add", headers);
  const onward: Record<string, string> = { traceparent: "another one" };
  span.propagate(onward);
  span.end(() => ({ "mcp.method.name": "tools/call", "http.response.status_code": 200 }));
  const received = await until("it is there", () => receiver.spans[0]);
  expect(received).toMatchObject({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    parentSpanId: "00f067aa0ba902b7",
    traceState: "vendor=1",
    name: "tools/call add",
    kind: 2,
    status: 0,
    attributes: { "mcp.method.name": "tools/call", "http.response.status_code": 200 },
    scope: "scope",
  });
  expect(received.resource).toMatchObject({ "service.name": "sample", "telemetry.sdk.language": "nodejs" });
  expect(onward).toEqual({
    traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-${received.spanId}-01`,
    tracestate: "vendor=1",
  });
  expect(receiver.posts[0]?.path).toBe("/v1/traces");
  expect(receiver.posts[0]?.headers.get("api-key")).toBe("secret");
  expect(receiver.posts[0]?.headers.get("content-type")).toBe("application/x-protobuf");
});

test("without a parent, or with one that is none, a span begins a trace", async () => {
  const receiver = stack.use(startReceiver());
  const tracing = open(receiver);
  for (const traceparent of ["", "nonsense", `${parent}-01-more`]) {
    tracing.serve("ping", { traceparent }).end(() => ({}));
  }
  await until("they are there", () => receiver.spans.length === 3);
  expect(receiver.spans.map(({ parentSpanId }) => parentSpanId)).toEqual(["", "", ""]);
  expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(3);
});

test("a failure is an error, and says which", async () => {
  const receiver = stack.use(startReceiver());
  open(receiver)
    .serve("ping", {})
    .end(() => ({}), "-32602");
  const received = await until("it is there", () => receiver.spans[0]);
  expect(received.status).toBe(2);
  expect(received.attributes).toEqual({ "error.type": "-32602" });
});

test.each([
  ["always_on", "00", 20],
  ["always_off", "01", 0],
  ["traceidratio", "00", 20],
  ["parentbased_always_on", "00", 0],
  ["parentbased_always_on", "01", 20],
  ["parentbased_always_off", "01", 20],
  ["parentbased_traceidratio", "00", 0],
] as const)("the sampler %s keeps of traces with the flags %s: %p", async (sampler, flags, kept) => {
  const receiver = stack.use(startReceiver());
  const tracing = open(receiver, { sampler });
  let described = 0;
  for (let i = 0; i < 20; i++) {
    const headers = { traceparent: `${parent}-${flags}` };
    const span = tracing.serve("ping", headers);
    const onward: Record<string, string> = {};
    span.propagate(onward);
    expect(onward.traceparent).toEndWith(kept > 0 ? "-01" : "-00");
    span.end(() => ({ n: ++described }));
  }
  await tracing[Symbol.asyncDispose]();
  expect(receiver.spans).toHaveLength(kept);
  expect(described).toBe(kept);
});

test("no more spans wait than may, and those that are lost are counted", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const receiver = stack.use(startReceiver(() => promise.then(() => new Response())));
  stack.defer(resolve);
  const tracing = open(receiver, { timeoutMs: 60_000 });
  const begin = () => tracing.serve("ping", {}).end(() => ({}));
  begin();
  await until("the first is on its way", () => receiver.posts.length === 1);
  for (let i = 0; i < 1000; i++) begin();
  expect(dropped).toEqual({ spans: 900, reasons: new Set(["the queue is full"]) });
});

test.each([
  ["hangs", () => new Promise<Response>(() => {})],
  ["refuses", () => new Response("no", { status: 400 })],
  ["is overloaded for too long", () => new Response("later", { status: 503 })],
])(
  "the spans that a collector does not take, because it %s, are counted and the next ones go on",
  async (_how, answer) => {
    let isHealthy = false;
    const receiver = stack.use(startReceiver(() => (isHealthy ? new Response() : answer())));
    const tracing = open(receiver);
    for (let i = 0; i < 5; i++) tracing.serve("ping", {}).end(() => ({}));
    await until("they are lost", () => dropped.spans === 5);
    isHealthy = true;
    const before = receiver.posts.length;
    tracing.serve("ping", {}).end(() => ({}));
    await until("the next is taken", () => receiver.posts.length > before);
    await tracing[Symbol.asyncDispose]();
    expect(dropped.spans).toBe(5);
  },
);

test("nobody waits long for a collector that is not there or hangs, not even the end", async () => {
  const hanging = stack.use(startReceiver(() => new Promise<Response>(() => {})));
  for (const url of [hanging.url, "http://127.0.0.1:1"]) {
    const tracing = open({ url }, { timeoutMs: 60_000 });
    tracing.serve("ping", {}).end(() => ({}));
    const startedMs = performance.now();
    await tracing[Symbol.asyncDispose]();
    expect(performance.now() - startedMs).toBeLessThan(4000);
  }
});
