import type { AddressInfo } from "node:net";
import { createHttpServer } from "@vercel/cosmosdb-server";

export type CosmosEmulator = AsyncDisposable & { readonly port: number; url(database?: string): string };

/** Any key will do: it checks none. */
export const emulatorKey = "c2VjcmV0LW9mLXRoZS1lbXVsYXRvcg==";

/** Cosmos DB in this process, over plain http, empty. What it does otherwise than the real one: store/cosmos/cosmos.test.ts. */
export async function cosmosEmulator(): Promise<CosmosEmulator> {
  const server = createHttpServer({ keepAlive: true });
  await new Promise<void>((listening) => void server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: (database) => urlAt(port, database),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export type CosmosRequest = { readonly method: string; readonly path: string; readonly isWrite: boolean };
/** Answers instead of the emulator, or does something before or after it answers. */
export type Interference = (
  request: CosmosRequest,
  pass: () => Promise<Response>,
) => Response | undefined | Promise<Response | undefined>;

export type CosmosLink = AsyncDisposable & { readonly url: string; interfere(interference: Interference): void };

/** One gateway's way to the emulator, on which requests can get lost. */
export function cosmosLink(emulator: CosmosEmulator): CosmosLink {
  let interference: Interference = () => undefined;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const body = await request.arrayBuffer();
      const pass = async () => {
        const { method, headers } = request;
        const sent = method === "GET" ? {} : { body };
        const answer = await fetch(`http://127.0.0.1:${emulator.port}${pathname}`, { method, headers, ...sent });
        return new Response(answer.status === 204 ? null : await answer.arrayBuffer(), answer);
      };
      const { method, headers } = request;
      const isQuery = headers.has("x-ms-documentdb-isquery") || headers.get("content-type")?.includes("query") === true;
      const isWrite = method !== "GET" && !isQuery;
      return (await interference({ method, path: decodeURIComponent(pathname), isWrite }, pass)) ?? pass();
    },
  });
  return {
    url: urlAt(server.port ?? 0),
    interfere: (given) => {
      interference = given;
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** What Cosmos DB answers when it does not do something. */
export function cosmosRefusal(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ code: String(status), message: "not done" }, { status, headers });
}

function urlAt(port: number, database = "McpGatewayDb"): string {
  return `cosmos+http://127.0.0.1:${port}/${database}?key=${encodeURIComponent(emulatorKey)}`;
}
