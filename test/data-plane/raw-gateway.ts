import { expect } from "bun:test";
import type { Store } from "../../gateway/store/store.ts";
import type { Events } from "../../gateway/observe/events.ts";
import * as api from "../../openapi/client/index.ts";
import { samplesIn } from "../observe/figures.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { endpointAt, type StaticRuntime, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import type { RawServer } from "./raw-server.ts";

/** A gateway whose adapters, `x` and, under a tool policy, `policed`, may be any server. */
export type RawGateway = AsyncDisposable & {
  readonly gateway: TestGateway;
  readonly store: Store;
  readonly runtime: StaticRuntime;
  readonly port: number;
  /** From now on they are this server. */
  use(server: Pick<RawServer, "origin">): void;
  post(body?: string, signal?: AbortSignal): Promise<Response>;
  /** How many connections to MCP servers there are, as the metrics have it. */
  connections(): Promise<number>;
  /** What the gateway itself could not cope with: each would be a 500. */
  readonly failures: readonly unknown[];
};

export const toolCall = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "t" } });

/** `before`: whose store and server it shares. */
export async function rawGateway(settings: Record<string, string> = {}, before?: RawGateway): Promise<RawGateway> {
  await using opening = new AsyncDisposableStack();
  const store = before?.store ?? opening.use(await temporaryStore());
  const runtime = before?.runtime ?? opening.use(staticRuntime([]));
  const failures: unknown[] = [];
  const hears = (events: Events): Events => ({ ...events, requestFailed: (_, error) => void failures.push(error) });
  const gateway = opening.use(await startGateway({ HOLD_SECONDS: "0.3", ...settings }, { store, runtime }, hears));
  if (!before) await register(gateway);
  const opened = opening.move();
  return {
    gateway,
    store,
    runtime,
    failures,
    port: Number(new URL(gateway.url).port),
    use: ({ origin }) => runtime.set([endpointAt(origin, "x-0")]),
    post: (body = toolCall, signal) =>
      fetch(gateway.mcpUrl("x"), {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
        ...(signal && { signal }),
      }),
    async connections() {
      const figures = samplesIn(await (await fetch(`${gateway.url}/metrics`)).text());
      return figures["mcp_gateway_upstream_connections"] as number;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function register(gateway: TestGateway): Promise<void> {
  const image = { imageName: "x", imageVersion: "1" };
  for (const adapter of [{ name: "x" }, { name: "policed", allowedTools: { "*": ["t"] } }]) {
    const { response } = await api.createAdapter({ client: gateway.as(), body: { ...image, ...adapter } });
    expect(response?.status).toBe(201);
  }
}
