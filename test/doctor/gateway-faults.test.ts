import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { issuer as certificateIssuer } from "../../injector/certificates/issue.ts";
import { startGateway } from "../support/gateway.ts";
import { type MockIssuer, mockIssuer } from "../support/mock-issuer.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { examine, faults, stepOf } from "./examine.ts";
import { startMcpServer, type TestServer } from "./mcp-server.ts";

const stack = new AsyncDisposableStack();
let server: TestServer;
let issuer: MockIssuer;

beforeAll(async () => {
  server = stack.use(startMcpServer());
  issuer = stack.use(await mockIssuer());
});
afterAll(() => stack.disposeAsync());

/** A real gateway with these settings before the adapter `x`. */
async function gatewayWith(environment: Record<string, string>) {
  await using opening = new AsyncDisposableStack();
  const store = opening.use(await temporaryStore());
  const runtime = staticRuntime([endpointAt(server.origin, "x-0")]);
  const gateway = opening.use(await startGateway(environment, { store, runtime }));
  const opened = opening.move();
  return { ...gateway, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const asksForTokens = () => ({ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "gateway" });

type Proxied = { headers?: (request: Request) => Record<string, string>; tls?: { cert: string; key: string } };

/** A reverse proxy before a gateway that is named once it is there. */
function startProxy({ headers = () => ({}), tls }: Proxied) {
  let behind = "";
  const proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    ...(tls && { tls }),
    fetch(request) {
      const { pathname, search } = new URL(request.url);
      const sent = new Headers(request.headers);
      for (const [name, value] of Object.entries(headers(request))) sent.set(name, value);
      const { method, body, signal } = request;
      const init = { method, headers: sent, body, signal, redirect: "manual" as const, decompress: false };
      return fetch(behind + pathname + search, init);
    },
  });
  return {
    origin: `${tls ? "https" : "http"}://localhost:${proxy.port}`,
    before: (url: string) => {
      behind = url;
    },
    [Symbol.asyncDispose]: () => proxy.stop(true),
  };
}

test("TLS ends before a gateway that does not know it; PUBLIC_ORIGIN mends it, and so does TRUST_FORWARDED", async () => {
  const limits = { authorityMs: 1e10, leafMs: 1e10 };
  const { authority, leaf } = certificateIssuer({ names: ["localhost"], now: Date.now, limits });
  const root = await authority();
  const { pem: cert, key } = await leaf(root);
  const trusting = { args: ["--cacert", "ca.pem"], files: { "ca.pem": root.pem } };
  const headers = () => ({ "x-forwarded-proto": "https" });
  await using proxy = startProxy({ tls: { cert, key }, headers });
  const foundWith = async (environment: Record<string, string>) => {
    await using gateway = await gatewayWith({ ...asksForTokens(), ...environment });
    proxy.before(gateway.url);
    return faults(await examine(`${proxy.origin}/adapters/x/mcp`, trusting));
  };
  const usual = "registration: no-registration?";
  expect(await foundWith({})).toEqual(["challenge: http-metadata", usual]);
  expect(await foundWith({ PUBLIC_ORIGIN: proxy.origin })).toEqual([usual]);
  expect(await foundWith({ TRUST_FORWARDED: "true" })).toEqual([usual]);
});

test("a proxy hands on a Host that the gateway does not know; ALLOWED_HOSTS mends it", async () => {
  await using proxy = startProxy({ headers: () => ({ host: "backend.internal" }) });
  const foundWith = async (environment: Record<string, string>) => {
    await using gateway = await gatewayWith(environment);
    await api.createAdapter({ client: gateway.as(), body: { name: "x", imageName: "x", imageVersion: "1" } });
    proxy.before(gateway.url);
    return await examine(`${proxy.origin}/adapters/x/mcp`);
  };
  const blocked = await foundWith({});
  expect(faults(blocked)).toEqual(["door: blocked-host"]);
  expect(stepOf(blocked, "door").advice).toContain("ALLOWED_HOSTS");
  expect(faults(await foundWith({ ALLOWED_HOSTS: "backend.internal" }))).toEqual([]);
});

test("a page may not call; ALLOWED_ORIGINS mends it", async () => {
  const page = { args: ["--origin", "https://portal.example.com"] };
  const foundWith = async (environment: Record<string, string>) => {
    await using gateway = await gatewayWith(environment);
    return await examine(`${gateway.url}/mcp`, page);
  };
  const blocked = await foundWith({});
  expect(faults(blocked)).toEqual(["cors: blocked-origin"]);
  expect(stepOf(blocked, "cors").advice).toBe("Add the page's origin to ALLOWED_ORIGINS.");
  expect(faults(await foundWith({ ALLOWED_ORIGINS: "https://portal.example.com" }))).toEqual([]);
});

test("PUBLIC_ORIGIN is a name of the inside", async () => {
  await using gateway = await gatewayWith({ ...asksForTokens(), PUBLIC_ORIGIN: "http://gateway.invalid:8000" });
  const diagnosis = await examine(gateway.mcpUrl("x"));
  expect(faults(diagnosis)).toEqual(["challenge: metadata-elsewhere?", "metadata: metadata-unreachable"]);
});

test("an adapter that there is not", async () => {
  await using gateway = await gatewayWith({});
  const diagnosis = await examine(gateway.mcpUrl("nobody"));
  expect(faults(diagnosis)).toEqual(["initialize: wrong-path"]);
  expect(stepOf(diagnosis, "initialize").got).toContain("Adapter not found");
});

test("a path of the REST API", async () => {
  await using gateway = await gatewayWith({});
  expect(faults(await examine(`${gateway.url}/adapters`))).toEqual(["initialize: initialize-refused"]);
  expect(faults(await examine(`${gateway.url}/docs`))).toEqual(["initialize: wrong-path"]);
});
