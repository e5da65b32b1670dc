import * as api from "../../openapi/client/index.ts";
import type { Endpoint, Runtime } from "../../gateway/runtime/runtime.ts";
import type { Store } from "../../gateway/store/store.ts";
import { startReferenceServer } from "../conformance/reference.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";

/** Where the replicas of each workload are that a test runs itself, by the workload's name. */
export type Origins = Record<string, readonly string[]>;

/** A gateway before servers that the test runs, each adapter and tool at its own origins. */
export async function standAt(
  origins: Origins,
  environment: Record<string, string> = {},
  shared?: Store,
): Promise<TestGateway> {
  await using opening = new AsyncDisposableStack();
  const store = shared ?? opening.use(await temporaryStore());
  const gateway = opening.use(await startGateway(environment, { store, runtime: runtimeAt(origins) }));
  const opened = opening.move();
  return { ...gateway, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

export function runtimeAt(origins: Origins): Runtime {
  const endpoints = new Map<string, readonly Endpoint[]>(
    Object.entries(origins).map(([name, all]) => [name, all.map((origin, i) => endpointAt(origin, `${name}-${i}`))]),
  );
  const runtime = staticRuntime([]);
  return { ...runtime, endpoints: { ...runtime.endpoints, of: (name) => endpoints.get(name) ?? [] } };
}

export async function reference(): Promise<{ origin: string } & AsyncDisposable> {
  const server = await startReferenceServer();
  return { origin: new URL(server.url).origin, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

type Adapter = Parameters<typeof api.createAdapter>[0]["body"];
type Tool = Parameters<typeof api.createTool>[0]["body"];
type Server = Parameters<typeof api.createServer>[0]["body"];

/** Registers as this user; fails with what the gateway said. */
export function registrar(gateway: TestGateway, userId = "dev", ...roles: string[]) {
  const client = gateway.as(userId, ...roles);
  return {
    adapter: async (body: Partial<Adapter> & { name: string }) =>
      accepted(await api.createAdapter({ client, body: { imageName: "any", imageVersion: "1", ...body } })),
    tool: async (name: string, body: Partial<Tool> & { tool?: Partial<Tool["toolDefinition"]["tool"]> } = {}) => {
      const { tool, ...rest } = body;
      const toolDefinition = { tool: { name, inputSchema: { type: "object" as const }, ...tool } };
      accepted(
        await api.createTool({ client, body: { name, imageName: "any", imageVersion: "1", toolDefinition, ...rest } }),
      );
    },
    server: async (body: Server) => accepted(await api.createServer({ client, body })),
  };
}

function accepted({ response, error }: { response?: Response; error?: unknown }): void {
  if (response?.status !== 201) throw new Error(`${response?.status}: ${JSON.stringify(error)}`);
}

type Named = { name: string; uri: string; uriTemplate: string; description?: string };

/** What these tests read of results, whichever method's. */
type Result = {
  tools: Named[];
  prompts: Named[];
  resources: Named[];
  resourceTemplates: Named[];
  nextCursor?: string;
  messages: unknown[];
  contents: { uri: string }[];
  _meta?: { "mcp-gateway/absent"?: { adapter: string; reason: string }[] };
};

/** A request of revision 2026-07-28, by hand; gives status and message. A test that wants a result fails without one. */
export async function modern(
  url: URL,
  method: string,
  params: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<{ status: number; result: Result; error?: { code: number; message: string; data?: unknown } }> {
  const response = await send(url, method, params, headers);
  const text = await response.text();
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
  const data = isStream
    ? text
        .split("\n")
        .findLast((line) => line.startsWith("data: "))
        ?.slice(6)
    : text;
  return { status: response.status, ...JSON.parse(data ?? "null") };
}

/** The same, with the answer as it comes. */
export function send(
  url: URL,
  method: string,
  params: Record<string, unknown>,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  const name = params.name ?? params.uri;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
    ...(params._meta as object | undefined),
  };
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof name === "string" && { "mcp-name": name }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta } }),
    ...(signal && { signal }),
  });
}
