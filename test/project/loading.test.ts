import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json";
import { kubeconfigFor } from "../injector/api-server.ts";
import { gatewayKey, keyVolume, startGuard } from "../injector/guard/support.ts";
import { startInjector } from "../injector/process.ts";
import { newPair } from "../injector/webhook.ts";
import { type Asked, fakeApi } from "../runtime/kubernetes/api/fake-api.ts";
import { hasPostgres, sharedPostgres } from "../support/postgres.ts";
import { startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const teller = fileURLToPath(new URL("../fixtures/tell-what-is-loaded.ts", import.meta.url));

/** What not every process needs, by the module that brings it. */
const parts = [
  "gateway/auth/oidc/verifier.ts",
  "gateway/data-plane/router/router.ts",
  "gateway/doctor/inside.ts",
  "gateway/json-schema.ts",
  "gateway/observe/traces/trace.ts",
  "gateway/runtime/kubernetes/kubernetes-runtime.ts",
  "gateway/runtime/local/local-runtime.ts",
  "gateway/store/cosmos/open-cosmos.ts",
  "gateway/store/pglite.ts",
  "gateway/store/postgres.ts",
  "injector/certificates/issue.ts",
];

test("a gateway on a laptop loads nothing of a cluster, of the router or of other databases", async () => {
  await using folder = await temporaryDirectory();
  const loading = watched(folder.path);
  await using gateway = await startGatewayProcess(join(folder.path, "data"), loading.environment);
  expect((await fetch(`${gateway.url}/ping`)).status).toBe(200);
  expect((await fetch(`${gateway.url}/adapters`)).status).toBe(200);
  await gateway.end("SIGTERM");
  expect(await loading.parts()).toEqual(["gateway/runtime/local/local-runtime.ts", "gateway/store/pglite.ts"]);
  expect(await loading.packages()).toEqual([
    "@electric-sql/pglite",
    "@hono/zod-openapi",
    "drizzle-orm",
    "hono",
    "lru-cache",
    "pino",
    "prom-client",
    "zod",
  ]);
});

test.if(hasPostgres)(
  "a gateway in a cluster loads nothing of a laptop, of the router or of other databases",
  async () => {
    await using folder = await temporaryDirectory();
    await using api = fakeApi(emptyCluster);
    const postgres = await sharedPostgres();
    const loading = watched(folder.path);
    await using gateway = await startGatewayProcess(folder.path, {
      RUNTIME: "kubernetes",
      KUBECONFIG: await kubeconfigFor(api, folder.path),
      STORE_URL: postgres.url(await postgres.createDatabase()),
      GATEWAY_KEYS: "a".repeat(43),
      GUARD: "off",
      ...loading.environment,
    });
    expect((await fetch(`${gateway.url}/adapters`)).status).toBe(200);
    await gateway.end("SIGTERM");
    expect(await loading.parts()).toEqual([
      "gateway/runtime/kubernetes/kubernetes-runtime.ts",
      "gateway/store/postgres.ts",
    ]);
    expect(await loading.packages()).toEqual([
      "@hono/zod-openapi",
      "drizzle-orm",
      "hono",
      "lru-cache",
      "pino",
      "postgres",
      "prom-client",
      "zod",
    ]);
  },
);

test("a guard loads what checks an assertion, counts and logs, and nothing else", async () => {
  await using folder = await temporaryDirectory();
  await using keys = await keyVolume();
  await keys.publish([gatewayKey]);
  const loading = watched(folder.path);
  await using guard = await startGuard("http://127.0.0.1:9", keys.file, loading.environment);
  expect((await guard.metrics()).size).toBeGreaterThan(0);
  await guard.end("SIGTERM");
  expect(await loading.parts()).toEqual([]);
  expect(await loading.packages()).toEqual(["jose", "lru-cache", "pino", "prom-client", "zod"]);
});

test("an injector that makes no certificate loads nothing that makes one", async () => {
  await using folder = await temporaryDirectory();
  await using api = fakeApi(emptyCluster);
  const pair = await newPair();
  await Bun.write(`${folder.path}/tls.crt`, pair.cert);
  await Bun.write(`${folder.path}/tls.key`, pair.key);
  const loading = watched(folder.path);
  await using injector = await startInjector({
    KUBECONFIG: await kubeconfigFor(api, folder.path),
    CERTIFICATE_DIRECTORY: folder.path,
    SHUTDOWN_DELAY_SECONDS: "0",
    ...loading.environment,
  });
  await until("it is ready", async () => (await injector.ask("/readyz")).status === 200);
  expect((await injector.ask("/metrics")).status).toBe(200);
  await injector.end("SIGTERM");
  expect(await loading.parts()).toEqual([]);
  expect(await loading.packages()).toEqual(["pino", "prom-client", "zod"]);
});

/** Makes a process tell which modules it had loaded when it ended. */
function watched(folder: string) {
  const file = join(folder, "loaded");
  const modules = async () => (await readFile(file, "utf8")).split("\n");
  return {
    environment: { BUN_OPTIONS: `--preload=${teller}`, LOADED: file },
    async parts() {
      const loaded = new Set(await modules());
      return parts.filter((part) => loaded.has(join(project, part)));
    },
    /** Of those that this project depends on directly. */
    async packages() {
      const loaded = await modules();
      return Object.keys(manifest.dependencies)
        .filter((name) => loaded.some((path) => path.startsWith(join(project, "node_modules", name, "/"))))
        .toSorted();
    },
  };
}

/** As much of an API server as a gateway needs that has nothing to run. */
function emptyCluster({ method, url, body }: Asked): Response {
  if (url.searchParams.has("watch")) return new Response(new ReadableStream({}));
  if (method === "GET" && url.pathname.includes("/leases/")) return new Response("{}", { status: 404 });
  if (method === "GET") return Response.json({ metadata: { resourceVersion: "1" }, items: [] });
  const written = JSON.parse(body) as { metadata: object };
  return Response.json({ ...written, metadata: { ...written.metadata, uid: "uid", resourceVersion: "2" } });
}
