import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Diagnosis } from "../../openapi/diagnosis.ts";
import * as api from "../../openapi/client/index.ts";
import { registrar, standAt } from "../router/stand.ts";
import { clientOf } from "../support/client.ts";
import { devHeaders, startGateway, type TestGateway } from "../support/gateway.ts";
import { mockIssuer } from "../support/mock-issuer.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";
import { examine, faults, stepOf, takenIn } from "./examine.ts";
import { asks, type Plant, rpcError, startMcpServer, type TestServer } from "./mcp-server.ts";

const stack = new AsyncDisposableStack();
const runtime = staticRuntime([]);
let gateway: TestGateway;

beforeAll(async () => {
  const store = stack.use(await temporaryStore());
  gateway = stack.use(await startGateway({ HOLD_SECONDS: "0.2" }, { store, runtime }));
  await registrar(gateway).adapter({ name: "x" });
});
afterAll(() => stack.disposeAsync());

const replicas = (servers: readonly TestServer[]) => servers.map(({ origin }, i) => endpointAt(origin, `x-${i}`));

/** The adapter `x` has these replicas from now on. */
async function withReplicas(...servers: readonly TestServer[]): Promise<void> {
  runtime.set(replicas(servers));
  await update({ replicaCount: Math.max(1, servers.length) });
}

async function update(data: { replicaCount?: number; requiredRoles?: string[] }): Promise<void> {
  const body = { name: "x", imageName: "x", imageVersion: "1", ...data };
  expect((await api.updateAdapter({ client: gateway.as(), path: { name: "x" }, body })).response?.status).toBe(200);
}

async function diagnosed(headers: Record<string, string> = {}, url = gateway.url): Promise<Diagnosis> {
  const response = await fetch(`${url}/adapters/x/diagnose`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Diagnosis;
}

describe("replicas", () => {
  test("none is ready: that is said once, and from outside it is seen too", async () => {
    await withReplicas();
    const diagnosis = await diagnosed();
    expect(faults(diagnosis)).toEqual(["replicas: no-replica-ready"]);
    expect(stepOf(diagnosis, "era").got).toBe("No replica is ready.");
    const outside = await examine(gateway.mcpUrl("x"));
    expect(faults(outside)).toEqual(["era: not-ready"]);
    expect(stepOf(outside, "era").advice).toContain("/adapters/{name}/status");
  });

  test("the runtime's reasons are repeated", async () => {
    await using store = await temporaryStore();
    const reason = "no image of this name";
    const replica = {
      name: "x-0",
      instance: 0,
      state: "waiting" as const,
      restarts: 3,
      reason: "it ended with code 1",
    };
    const status = { desired: 1, ready: 0, updated: 0, image: "x:1", observedRevision: 1, reason, replicas: [replica] };
    const telling = { ...staticRuntime([]), status: async () => status };
    await using other = await startGateway({ HOLD_SECONDS: "0.2" }, { store, runtime: telling });
    await registrar(other).adapter({ name: "x" });
    expect(stepOf(await diagnosed({}, other.url), "replicas").got).toBe(
      "0 of 1 replica ready. no image of this name; x-0 is waiting: it ended with code 1.",
    );
  });

  test("one of two is ready", async () => {
    await using server = startMcpServer();
    await withReplicas(server);
    await update({ replicaCount: 2 });
    expect(faults(await diagnosed())).toEqual(["replicas: replicas-missing?"]);
  });

  test("one takes no connection", async () => {
    await using server = startMcpServer();
    const gone = startMcpServer();
    await gone[Symbol.asyncDispose]();
    await withReplicas(server, gone);
    expect(faults(await diagnosed())).toEqual(["x-1/revisions: replica-unreachable"]);
  });

  test("three of them are asked at most, and no session is left on any", async () => {
    await using servers = new AsyncDisposableStack();
    const all = Array.from({ length: 5 }, () => servers.use(startMcpServer()));
    await withReplicas(...all);
    const diagnosis = await diagnosed();
    expect(faults(diagnosis)).toEqual([]);
    const asked = takenIn(diagnosis).filter((id) => id.endsWith("/revisions"));
    expect(asked).toEqual(["x-0/revisions", "x-1/revisions", "x-2/revisions"]);
    expect(all.map((server) => server.sessions())).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("a server behind the gateway", () => {
  const staleAs400: Plant = async (_request, _body, right) => {
    const answer = await right();
    return answer.status === 404 ? rpcError(400, "Bad Request: no valid session") : answer;
  };
  /** By the name of its adapter: what is planted, and what is found. */
  const cases: Record<string, { plant: Plant; checksOrigin?: boolean; expected: string[] }> = {
    "open-to-pages": {
      plant: () => undefined,
      checksOrigin: false,
      expected: ["open-to-pages-0/origin: replica-origin-unchecked?"],
    },
    // The gateway answers for a session that it knows to be none, and the server for one that it has ended.
    "stale-is-400": {
      plant: staleAs400,
      expected: ["ended: stale-id-400", "stale-is-400-0/stale-id: replica-stale-id?"],
    },
    "localhost-only": {
      plant: () => new Response("Invalid Host header", { status: 403 }),
      expected: ["token: replica-blocks-host", "localhost-only-0/revisions: replica-blocks-host"],
    },
    "fails-at-probe": {
      plant: (_request, body) => (asks(body, "server/discover") ? rpcError(500, "oops") : undefined),
      expected: ["era: probe-5xx", "fails-at-probe-0/revisions: replica-5xx"],
    },
    "get-is-404": {
      plant: (request) => (request.method === "GET" ? rpcError(404, "Nothing here") : undefined),
      expected: ["stream: get-404", "get-is-404-0/stream: get-404"],
    },
    redirects: {
      plant: () => new Response(null, { status: 302, headers: { location: "http://elsewhere.invalid/mcp" } }),
      expected: ["era: probe-5xx", "redirects-0/revisions: replica-redirects"],
    },
    "no-mcp": {
      plant: () => new Response("<title>Welcome</title>", { headers: { "content-type": "text/html" } }),
      expected: ["era: not-mcp", "no-mcp-0/revisions: replica-not-mcp"],
    },
  };
  let another: TestGateway;

  beforeAll(async () => {
    const origins = Object.entries(cases).map(([name, { plant, checksOrigin }]) => {
      return [name, [stack.use(startMcpServer(plant, { checksOrigin })).origin]];
    });
    another = stack.use(await standAt(Object.fromEntries(origins)));
    for (const name of Object.keys(cases)) await registrar(another).adapter({ name });
  });

  test.each(Object.keys(cases))("%s", async (name) => {
    const { data } = await api.diagnoseAdapter({ client: another.as(), path: { name } });
    expect(data && faults(data)).toEqual(cases[name]?.expected ?? []);
  });

  test("of which one replica is of another era", async () => {
    await using old = startMcpServer(undefined, { modern: false });
    await using young = startMcpServer();
    await withReplicas(young, old);
    const diagnosis = await diagnosed();
    expect(faults(diagnosis).filter((fault) => fault.startsWith("x-"))).toEqual(["x-1/revisions: replicas-differ?"]);
    expect(stepOf(diagnosis, "x-1/revisions").got).toBe(
      "It speaks 2025-11-25 with sessions. x-0 speaks 2025-11-25 with sessions, 2026-07-28.",
    );
  });

  test("learns who asks, and no credentials", async () => {
    await using server = startMcpServer();
    await using guarded = await guardedGateway(server);
    const { authorization } = guarded;
    const diagnosis = await diagnosed({ authorization }, guarded.url);
    expect(faults(diagnosis)).toEqual(["registration: no-registration?"]);
    expect(server.heard.length).toBeGreaterThan(20);
    for (const { headers } of server.heard) {
      expect([headers.get("x-mcp-userid"), headers.get("authorization")]).toEqual(["alice", null]);
    }
    expect(JSON.stringify(diagnosis)).not.toContain(authorization.split(".")[1]);
  });
});

/** One that asks for tokens, with an adapter `x` of alice's, and her credentials. */
async function guardedGateway(server: TestServer, environment: Record<string, string> = {}) {
  await using opening = new AsyncDisposableStack();
  const issuer = opening.use(await mockIssuer());
  const store = opening.use(await temporaryStore());
  const settings = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "gateway", ...environment };
  const guarded = opening.use(await startGateway(settings, { store, runtime: staticRuntime(replicas([server])) }));
  const authorization = `Bearer ${await issuer.token({ aud: "gateway", scope: "mcp", sub: "alice" })}`;
  const client = clientOf(guarded.url, { authorization });
  await api.createAdapter({ client, body: { name: "x", imageName: "x", imageVersion: "1" } });
  const opened = opening.move();
  return { url: guarded.url, authorization, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

describe("how the gateway is reached", () => {
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "mcp.example.com" };

  test("a proxy ends TLS and the gateway was not told", async () => {
    await using server = startMcpServer();
    await withReplicas(server);
    const diagnosis = await diagnosed(forwarded);
    expect(faults(diagnosis)).toEqual(["public-origin: forwarded-untrusted?"]);
    expect(stepOf(diagnosis, "public-origin").got).toBe(
      `It takes ${gateway.url} for its origin, and a proxy says https://mcp.example.com.`,
    );
  });

  test("and where tokens are asked for, clients are sent to a place by http then", async () => {
    await using server = startMcpServer();
    await using guarded = await guardedGateway(server);
    const { authorization } = guarded;
    const diagnosis = await diagnosed({ authorization, ...forwarded }, guarded.url);
    expect(faults(diagnosis)).toEqual(["public-origin: forwarded-untrusted", "registration: no-registration?"]);
    expect(stepOf(diagnosis, "public-origin").advice).toContain("TRUST_FORWARDED=true");
  });

  test("a proxy that is trusted says how", async () => {
    await using server = startMcpServer();
    await using guarded = await guardedGateway(server, { TRUST_FORWARDED: "true" });
    const { authorization } = guarded;
    const diagnosis = await diagnosed({ authorization, ...forwarded }, guarded.url);
    expect(diagnosis.target).toBe("https://mcp.example.com/adapters/x/mcp");
    expect(faults(diagnosis)).toEqual(["registration: no-registration?"]);
  });

  test("a proxy does not let the metadata through", async () => {
    await using server = startMcpServer();
    await using proxy = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response("default backend", { status: 404 }),
    });
    await using guarded = await guardedGateway(server, { PUBLIC_ORIGIN: `http://localhost:${proxy.port}` });
    const { authorization } = guarded;
    const diagnosis = await diagnosed({ authorization }, guarded.url);
    expect(faults(diagnosis)).toEqual(["metadata: no-metadata"]);
    expect(takenIn(diagnosis)).toContain("tcp");
  });

  test("the Host of a request makes the gateway ask nobody", async () => {
    await using server = startMcpServer();
    await using victim = startMcpServer();
    await using guarded = await guardedGateway(server);
    const { authorization } = guarded;
    const diagnosis = await diagnosed({ authorization, host: new URL(victim.origin).host }, guarded.url);
    expect(diagnosis.target).toBe(`${victim.origin}/adapters/x/mcp`);
    expect(stepOf(diagnosis, "metadata").outcome).toBe("ok");
    expect(takenIn(diagnosis)).not.toContain("tcp");
    expect(victim.heard).toEqual([]);
  });

  test("the Origin of a page that asks is looked at", async () => {
    await using server = startMcpServer();
    await withReplicas(server);
    const diagnosis = await diagnosed({ origin: "http://localhost:3000" });
    expect([faults(diagnosis), stepOf(diagnosis, "cors").outcome]).toEqual([[], "ok"]);
  });

  test("a limit that is reached is no fault of the server", async () => {
    await using server = startMcpServer();
    await using guarded = await guardedGateway(server, { RATE_LIMIT_PER_MINUTE: "4" });
    const diagnosis = await diagnosed({ authorization: guarded.authorization }, guarded.url);
    expect(new Set(faults(diagnosis).map((fault) => fault.slice(fault.indexOf(": ") + 2)))).toEqual(
      new Set(["no-registration?", "rate-limited?"]),
    );
  });
});

describe("who may have what looked at", () => {
  test("whoever may read it, and everybody the router", async () => {
    await using server = startMcpServer();
    await withReplicas(server);
    const statusAs = async (path: string, user: string) =>
      (await fetch(`${gateway.url}${path}`, { headers: devHeaders(user, "mcp.other") })).status;
    expect(await statusAs("/adapters/x/diagnose", "bob")).toBe(403);
    expect(await statusAs("/adapters/y/diagnose", "bob")).toBe(404);
    expect(await statusAs("/servers/x/diagnose", "bob")).toBe(404);
    expect(await statusAs("/diagnose", "bob")).toBe(200);
    const { error } = await api.diagnoseAdapter({ client: gateway.as("bob"), path: { name: "x" } });
    expect(error).toMatchObject({ detail: "You do not have permission to read this adapter." });
    expect(server.heard).toEqual([]);
  });

  test("with roles by which it is used", async () => {
    await using server = startMcpServer();
    await withReplicas(server);
    await update({ requiredRoles: ["mcp.ops"] });
    const diagnosis = await diagnosed(devHeaders("bob", "mcp.ops"));
    expect(faults(diagnosis)).toEqual([]);
  });

  test("one at a time for each caller, and nothing is held for the next", async () => {
    const hold = Promise.withResolvers<void>();
    await using server = startMcpServer(async (_request, _body, right) => {
      await hold.promise;
      return right();
    });
    await withReplicas(server);
    const first = api.diagnoseAdapter({ client: gateway.as(), path: { name: "x" } });
    await until("the first is under way", () => server.heard.length > 0);
    const second = await api.diagnoseRouter({ client: gateway.as() });
    expect([second.response?.status, second.error]).toMatchObject([
      409,
      { detail: "A diagnosis of yours is under way. Wait until it has ended." },
    ]);
    expect((await api.diagnoseRouter({ client: gateway.as("another") })).response?.status).toBe(200);
    hold.resolve();
    expect((await first).response?.status).toBe(200);
    expect((await api.diagnoseRouter({ client: gateway.as() })).response?.status).toBe(200);
  });

  test("a caller who goes away ends it", async () => {
    await using server = startMcpServer((_request, body, right) =>
      asks(body, "tools/list") ? new Promise(() => undefined) : right(),
    );
    await withReplicas(server);
    const leaving = new AbortController();
    const left = fetch(`${gateway.url}/adapters/x/diagnose`, { signal: leaving.signal }).catch(() => "left");
    await until("it lists tools", () => server.heard.some(({ headers }) => headers.get("mcp-session-id") !== null));
    leaving.abort();
    expect(await left).toBe("left");
    // Sooner than an answer that does not come would be given up.
    await until("its session is ended", () => server.sessions() === 0, 3_000);
    await until(
      "the next may begin",
      async () => (await api.diagnoseRouter({ client: gateway.as() })).response?.status === 200,
    );
  });
});
