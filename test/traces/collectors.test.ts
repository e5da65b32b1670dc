import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { samplesIn } from "../observe/figures.ts";
import { type Receiver, startReceiver } from "../support/otlp-receiver.ts";
import { type GatewayProcess, startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { callOf, headersFor, post } from "./stand.ts";

const all = new AsyncDisposableStack();
let stack: AsyncDisposableStack;
/** To compare with. */
let without: GatewayProcess;
beforeAll(async () => {
  without = await startBefore(undefined, all);
}, 60_000);
afterAll(() => all.disposeAsync());
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

/** Of a gateway: how many spans may wait, how many travel together, and how long it tries to send those. */
const maxWaiting = 500;
const batchSpans = 128;
const sendMs = 500;
/** The request, its two parts, and the replica that is asked. */
const spansPerCall = 4;

/** A gateway before the sample server, which records each request; with no collector, it makes no spans. */
async function startBefore(collector: string | undefined, disposables: AsyncDisposableStack): Promise<GatewayProcess> {
  const directory = disposables.use(await temporaryDirectory()).path;
  const traces: Record<string, string> = collector === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector };
  const gateway = disposables.use(
    await startGatewayProcess(directory, {
      ...traces,
      OTEL_TRACES_SAMPLER: "always_on",
      OTEL_BSP_SCHEDULE_DELAY: "20",
      OTEL_BSP_MAX_QUEUE_SIZE: String(maxWaiting),
      OTEL_EXPORTER_OTLP_TIMEOUT: String(sendMs),
    }),
  );
  const client = gateway.as();
  await api.createAdapter({
    client,
    body: { name: "weather", imageName: "mcp-example", imageVersion: "1", replicaCount: 1 },
  });
  await until("weather is ready", async () => {
    const { data } = await api.getAdapterStatus({ client, path: { name: "weather" } });
    return data?.replicaStatus === "Healthy";
  });
  return gateway;
}

const atOnce = 10;

/** So many calls; gives how long each took. Fails when one is not answered as it should be. */
async function timesOf(gateway: GatewayProcess, calls: number): Promise<number[]> {
  const url = gateway.mcpUrl("weather");
  const headers = { ...(await headersFor(url, "modern")), "mcp-name": "counter" };
  const body = callOf("modern", "counter", { text: "x".repeat(1000) });
  const times: number[] = [];
  const worker = async () => {
    while (times.length + atOnce <= calls) {
      const startedMs = performance.now();
      const response = await post(url, body, headers);
      await response.text();
      if (response.status !== 200) throw new Error(`answered with ${response.status}`);
      times.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return times;
}

async function figures({ url }: GatewayProcess) {
  const samples = samplesIn(await (await fetch(`${url}/metrics`)).text());
  return {
    spansDropped: samples["mcp_gateway_spans_dropped_total"] ?? Number.NaN,
    memoryBytes: samples["process_resident_memory_bytes"] ?? Number.NaN,
  };
}

const median = (times: number[]) => times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0;

/** What such a collector answers; undefined: nothing ever. */
const collectors: [string, (() => Response) | undefined][] = [
  ["hangs", undefined],
  ["refuses", () => new Response("no", { status: 400 })],
  ["wants fewer", () => new Response("later", { status: 429, headers: { "retry-after": "60" } })],
  ["is overloaded", () => new Response("later", { status: 503 })],
];
const never = new Promise<Response>(() => {});
const startsSo = (answer: (() => Response) | undefined): Receiver => stack.use(startReceiver(answer ?? (() => never)));
/** Where nobody listens. */
const nowhere = "http://127.0.0.1:1";

test.each([["is not there", nowhere] as const, ...collectors])(
  "a collector that %s holds up nobody, and what waits for it is bounded; each span that it does not get is counted",
  async (_how, at) => {
    const gateway = await startBefore(typeof at === "string" ? at : startsSo(at).url, stack);
    const [calls, rounds] = [250, 4];
    const times = { with: [] as number[], without: [] as number[] };
    let begunBytes = 0;
    // By turns, so that whatever else this machine does slows both.
    for (let round = 1; round <= rounds; round++) {
      times.without.push(...(await timesOf(without, calls)));
      times.with.push(...(await timesOf(gateway, calls)));
      const { spansDropped, memoryBytes } = await figures(gateway);
      expect(spansPerCall * calls * round - spansDropped).toBeLessThanOrEqual(maxWaiting + batchSpans);
      begunBytes ||= memoryBytes;
    }
    expect([times.with.length, times.without.length]).toEqual([1000, 1000]);
    expect(median(times.with)).toBeLessThan(3 * median(times.without) + 20);
    expect((await figures(gateway)).memoryBytes - begunBytes).toBeLessThan(100_000_000);
    await until("all spans are counted", async () => (await figures(gateway)).spansDropped >= 4000);
    expect((await figures(gateway)).spansDropped).toBe(4000);
  },
  60_000,
);

test("a collector that comes back gets what there is from then on", async () => {
  let answer = () => new Response("later", { status: 503 });
  const receiver = startsSo(() => answer());
  const gateway = await startBefore(receiver.url, stack);
  await timesOf(gateway, 10);
  await until("they are lost", async () => (await figures(gateway)).spansDropped === 40);
  const before = receiver.posts.length;
  answer = () => new Response(new Uint8Array(0), { headers: { "content-type": "application/x-protobuf" } });
  await timesOf(gateway, 10);
  await until("they are sent", () => receiver.posts.length > before);
  expect(Buffer.from(receiver.posts.at(-1)?.body ?? []).toString()).toContain("tools/call");
  expect((await figures(gateway)).spansDropped).toBe(40);
}, 30_000);
