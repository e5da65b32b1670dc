import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "../../openapi/client/index.ts";
import { type Receiver, type ReceivedSpan, startReceiver } from "../support/otlp-receiver.ts";
import { type GatewayProcess, startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { treeBelow } from "./tree.ts";

const fixture = (file: string) => fileURLToPath(new URL(`../fixtures/traced/${file}`, import.meta.url));

/** A gateway as a process of its own, servers that make spans themselves, and a collector that takes all spans. */
export type Stand = AsyncDisposable & {
  readonly gateway: GatewayProcess;
  readonly receiver: Receiver;
  readonly directory: string;
  /** Registers an adapter whose server is the traced one, or what the body says, and waits until it is there. */
  adapter(name: string, body?: Partial<AdapterBody>): Promise<void>;
  /** The same, over stdio. */
  stdioAdapter(name: string): Promise<void>;
  /** A tool whose program makes spans, too. */
  tool(name: string, body?: { replicaCount: number }): Promise<void>;
  /** The tree of a trace below its parent, once it has as many spans as wanted, or will not get them. */
  tree(trace: Trace, size: number): Promise<string[]>;
  /** Its spans. */
  spansOf(trace: Pick<Trace, "traceId">): ReceivedSpan[];
};

type AdapterBody = Parameters<typeof api.createAdapter>[0]["body"];

export type Trace = { readonly traceId: string; readonly spanId: string; readonly traceparent: string };

/** What an agent sends that has begun a trace. */
export function newTrace(flags: "00" | "01" = "01"): Trace {
  const traceId = randomHex(16);
  const spanId = randomHex(8);
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

/** The same trace somewhere else in it. */
export function sibling({ traceId }: Trace): Trace {
  const spanId = randomHex(8);
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}

export async function openStand(environment: Record<string, string> = {}): Promise<Stand> {
  await using opening = new AsyncDisposableStack();
  const directory = opening.use(await temporaryDirectory()).path;
  const receiver = opening.use(startReceiver());
  const catalogue = join(directory, "images.json");
  await writeFile(catalogue, JSON.stringify({ traced: { command: ["bun", fixture("http.ts")] } }));
  const gateway = opening.use(
    await startGatewayProcess(join(directory, "data"), {
      IMAGE_CATALOGUE: catalogue,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: "20",
      OTEL_TRACES_SAMPLER: "parentbased_always_on",
      ...environment,
    }),
  );
  const opened = opening.move();
  const client = gateway.as();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  return {
    gateway,
    receiver,
    directory,
    adapter,
    stdioAdapter: (name) =>
      adapter(name, {
        imageName: "mcp-proxy",
        environmentVariables: { ...traced, MCP_COMMAND: "bun", MCP_ARGS: `"${fixture("stdio.ts")}"` },
      }),
    async tool(name, { replicaCount } = { replicaCount: 1 }) {
      const tool = { name, inputSchema: { type: "object" as const } };
      const body = { name, ...program({ ...traced, SERVICE: "program" }), replicaCount, toolDefinition: { tool } };
      accepted(await api.createTool({ client, body }));
      if (replicaCount > 0) await isHealthy(async () => (await api.getToolStatus({ client, path: { name } })).data);
    },
    async tree(trace, size) {
      await until("the spans are there", () => spansOf(trace).length >= size, 3000).catch(() => {});
      return treeBelow(receiver.spans, trace);
    },
    spansOf,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };

  function program(environmentVariables: Record<string, string>) {
    return { imageName: "traced", imageVersion: "1", replicaCount: 1, environmentVariables };
  }

  async function adapter(name: string, body: Partial<AdapterBody> = {}): Promise<void> {
    const variables: Record<string, string> = { ...traced, ...body.environmentVariables };
    const made = { ...program(variables), exposeTools: true, ...body, name, environmentVariables: variables };
    accepted(await api.createAdapter({ client, body: made }));
    if (made.replicaCount === 0 || variables["WAITS_FOR"] !== undefined) return;
    await isHealthy(async () => (await api.getAdapterStatus({ client, path: { name } })).data);
  }

  function spansOf({ traceId }: Pick<Trace, "traceId">): ReceivedSpan[] {
    return receiver.spans.filter((span) => span.traceId === traceId);
  }
}

async function isHealthy(statusOf: () => Promise<{ replicaStatus?: string | null } | undefined>): Promise<void> {
  await until("its replicas are ready", async () => (await statusOf())?.replicaStatus === "Healthy");
}

function accepted({ response, error }: { response?: Response; error?: unknown }): void {
  if (response?.status !== 201) throw new Error(`${response?.status}: ${JSON.stringify(error)}`);
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}

/** Posts a message as it is written. */
export function post(url: URL, body: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const accept = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  return fetch(url, { method: "POST", headers: { ...accept, ...headers }, body, signal });
}

export type Era = "legacy" | "modern";

/** The headers of requests to this server: in the legacy era those of a session, which is begun for it. */
export async function headersFor(url: URL, era: Era): Promise<Record<string, string>> {
  if (era === "modern") return { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call" };
  const clientInfo = { name: "test", version: "1" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const begun = await post(url, JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params }), {});
  await begun.text();
  const session = begun.headers.get("mcp-session-id");
  const headers = { "mcp-protocol-version": "2025-11-25", ...(session !== null && { "mcp-session-id": session }) };
  await (await post(url, '{"jsonrpc":"2.0","method":"notifications/initialized"}', headers)).text();
  return headers;
}

/** A call of a tool; `meta` is what of `_meta` is not the protocol's own. */
export function callOf(era: Era, name: string, meta?: Record<string, unknown>): string {
  const claim = (word: string) => `io.modelcontextprotocol/${word}`;
  const claims = {
    [claim("protocolVersion")]: "2026-07-28",
    [claim("clientInfo")]: { name: "test", version: "1" },
    [claim("clientCapabilities")]: {},
  };
  const _meta = era === "modern" ? { ...claims, ...meta } : meta;
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: {}, _meta } });
}

/** What a call's answer holds, whether it came as JSON or as events. */
export async function resultIn(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  const data = text.split("\n").findLast((line) => line.startsWith("data: {"));
  const { result } = JSON.parse(data?.slice("data: ".length) ?? text) as { result?: Record<string, unknown> };
  if (!result) throw new Error(`${response.status}: ${text}`);
  return result;
}
