import { expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "../../openapi/client/index.ts";
import { clientOf } from "../support/client.ts";
import { startGateway } from "../support/gateway.ts";
import { mockIssuer } from "../support/mock-issuer.ts";
import { temporaryDirectory } from "../support/process.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { startReferenceServer } from "./reference.ts";
import { suiteCounts } from "./run-suite.ts";

test("the official suites give the same through the gateway, over two replicas, as directly", async () => {
  await using first = await startReferenceServer();
  await using second = await startReferenceServer();
  await using store = await temporaryStore();
  const endpoints = [first, second].map(({ url }, i) => endpointAt(new URL(url).origin, `reference-${i}`));
  await using gateway = await startGateway({}, { store, runtime: staticRuntime(endpoints) });
  const body = { name: "reference", imageName: "reference", imageVersion: "1", replicaCount: 2 };
  await api.createAdapter({ client: gateway.as(), body });
  const direct = await suiteCounts(first.url);
  expect(await suiteCounts(gateway.mcpUrl("reference").href)).toEqual(direct);
}, 400_000);

test("and with real tokens, which a loopback client adds", async () => {
  await using first = await startReferenceServer();
  await using second = await startReferenceServer();
  await using store = await temporaryStore();
  await using issuer = await mockIssuer();
  const endpoints = [first, second].map(({ url }, i) => endpointAt(new URL(url).origin, `reference-${i}`));
  const settings = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "gateway" };
  await using gateway = await startGateway(settings, { store, runtime: staticRuntime(endpoints) });
  const authorization = `Bearer ${await issuer.token({ aud: "gateway", scope: "mcp", sub: "conformance" })}`;
  const body = { name: "reference", imageName: "reference", imageVersion: "1", replicaCount: 2 };
  const { response } = await api.createAdapter({ client: clientOf(gateway.url, { authorization }), body });
  expect(response?.status).toBe(201);
  await using client = addingHeaders(gateway.url, { authorization });
  const direct = await suiteCounts(first.url);
  expect(await suiteCounts(`http://127.0.0.1:${client.port}/adapters/reference/mcp`)).toEqual(direct);
}, 400_000);

test("and with a guard before each replica", async () => {
  await using direct = await startReferenceServer();
  await using catalogue = await temporaryDirectory();
  const images = join(catalogue.path, "images.json");
  const program = fileURLToPath(new URL("../fixtures/reference-server/main.ts", import.meta.url));
  await Bun.write(images, JSON.stringify({ reference: { command: ["bun", program] } }));
  await using gateway = await startGateway({ GUARD: "on", IMAGE_CATALOGUE: images });
  const client = gateway.as();
  const body = { name: "reference", imageName: "reference", imageVersion: "1", replicaCount: 2 };
  await api.createAdapter({ client, body });
  await until("the replicas are ready", async () => {
    const { data } = await api.getAdapterStatus({ client, path: { name: "reference" } });
    return data?.readyReplicas === 2;
  });
  expect(await suiteCounts(gateway.mcpUrl("reference").href)).toEqual(await suiteCounts(direct.url));
}, 400_000);

/** The suites have no option for a token. Host and Origin are the suite's own: it tests what becomes of them. */
function addingHeaders(origin: string, added: Record<string, string>): Bun.Server<undefined> {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch(request) {
      const headers = new Headers(request.headers);
      for (const [name, value] of Object.entries(added)) headers.set(name, value);
      const { pathname, search } = new URL(request.url);
      const init = { method: request.method, headers, body: request.body, signal: request.signal, decompress: false };
      return fetch(origin + pathname + search, { ...init, timeout: false } as RequestInit);
    },
  });
}
