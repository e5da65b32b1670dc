import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import { clientOf } from "../support/client.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type MockIssuer, mockIssuer } from "../support/mock-issuer.ts";
import { endpointAt, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";

const stack = new AsyncDisposableStack();
const heard: Request[] = [];
const finish = Promise.withResolvers<void>();
let issuer: MockIssuer;
let gateway: TestGateway;

beforeAll(async () => {
  issuer = stack.use(await mockIssuer());
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      heard.push(request);
      const text = await request.clone().text();
      if (request.method === "GET") {
        const stream = new ReadableStream({ start: (events) => events.enqueue(": open\n\n") });
        return new Response(stream, { headers: { "content-type": "text/event-stream" } });
      }
      if (text.includes("slow")) await finish.promise;
      return new Response('{"jsonrpc":"2.0","id":1,"result":{}}', {
        headers: { "content-type": "application/json", "mcp-session-id": "s" },
      });
    },
  });
  stack.defer(() => server.stop(true));
  gateway = stack.use(await startOn(endpointAt(`http://127.0.0.1:${server.port}`, "x-0")));
});
afterAll(() => stack.disposeAsync());

async function startOn(endpoint: ReturnType<typeof endpointAt>) {
  const store = stack.use(await temporaryStore());
  return startGateway(
    { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "gateway" },
    { store, runtime: staticRuntime([endpoint]) },
  );
}

const token = (sub: string, roles: string[] = [], more: Record<string, unknown> = {}) =>
  issuer.token({ aud: "gateway", scope: "mcp", sub, roles, ...more });
const as = async (sub: string, ...roles: string[]) =>
  clientOf(gateway.url, { authorization: `Bearer ${await token(sub, roles)}` });
const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}';
const post = (adapter: string, bearer: string | undefined, headers: Record<string, string> = {}, body = call) =>
  fetch(gateway.mcpUrl(adapter), {
    method: "POST",
    body,
    headers: { ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }), ...headers },
  });

async function register(name: string, requiredRoles: string[] = []) {
  const body = { name, imageName: "x", imageVersion: "1", requiredRoles };
  expect((await api.createAdapter({ client: await as("alice"), body })).response?.status).toBe(201);
}

test("without a token, and with a bad one, both planes say where to get one and nothing else", async () => {
  await register("closed");
  const bad = [
    await issuer.token({ aud: "another", scope: "mcp" }),
    await issuer.token({ aud: "gateway", scope: "mcp", sub: "alice" }, { expiresInS: -100 }),
    await issuer.token({ aud: "gateway", nonce: "n", sub: "alice" }),
    "abc",
    `${await token("alice")}x`,
  ];
  const metadata = `${gateway.url}/.well-known/oauth-protected-resource/adapters/closed/mcp`;
  const none = await post("closed", undefined);
  expect([none.status, none.headers.get("www-authenticate")]).toEqual([401, `Bearer resource_metadata="${metadata}"`]);
  const refusals = await Promise.all(bad.map((bearer) => post("closed", bearer)));
  const said = await Promise.all(
    refusals.map(async (refused) =>
      [refused.status, refused.headers.get("www-authenticate"), await refused.text()].join(),
    ),
  );
  expect(new Set(said).size).toBe(1);
  expect(said[0]).toStartWith(`401,Bearer error="invalid_token", resource_metadata="${metadata}",`);

  for (const authorization of [undefined, `Bearer ${bad[0]}`, "Basic YTpi", `Bearer ${await token("a")}, Bearer b`]) {
    const response = await fetch(`${gateway.url}/adapters`, { headers: authorization ? { authorization } : {} });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toStartWith("Bearer ");
    expect(await response.json()).toMatchObject({ title: "Unauthorized", detail: "A valid bearer token is needed." });
  }
});

test("the MCP server learns who calls and never sees the token", async () => {
  await register("seen");
  const bearer = await token("alice", ["mcp.dev"]);
  heard.length = 0;
  expect((await post("seen", bearer, { "x-mcp-userid": "root" })).status).toBe(200);
  expect(heard[0]?.headers.get("x-mcp-userid")).toBe("alice");
  expect(heard[0]?.headers.get("x-mcp-roles")).toBe("mcp.dev");
  expect(JSON.stringify(heard[0]?.headers.toJSON())).not.toContain(bearer);
});

/** Of alice's adapters: `own` requires no role, `shared` requires mcp.ops. */
test.each([
  ["alice", [], "own", { read: 200, write: 200, use: 200 }],
  ["alice", [], "shared", { read: 200, write: 200, use: 200 }],
  ["bob", [], "own", { read: 403, write: 403, use: 403 }],
  ["bob", [], "shared", { read: 403, write: 403, use: 403 }],
  ["bob", ["mcp.ops"], "own", { read: 403, write: 403, use: 403 }],
  ["bob", ["mcp.ops"], "shared", { read: 200, write: 403, use: 200 }],
  ["bob", ["MCP.OPS"], "shared", { read: 200, write: 403, use: 200 }],
  ["bob", ["mcp.other"], "shared", { read: 403, write: 403, use: 403 }],
  ["root", ["mcp.admin"], "own", { read: 200, write: 200, use: 200 }],
  ["root", ["mcp.admin"], "shared", { read: 200, write: 200, use: 200 }],
  ["bob", ["mcp.admin"], "missing", { read: 404, write: 404, use: 404 }],
  ["bob", [], "missing", { read: 404, write: 404, use: 404 }],
] as const)("%s with roles %p at %s", async (who, roles, kind, expected) => {
  const name = `${kind}-${Bun.hash(`${who}${roles}`).toString(36)}`;
  const requiredRoles = kind === "shared" ? ["mcp.ops"] : [];
  if (kind !== "missing") await register(name, requiredRoles);
  const client = await as(who, ...roles);
  const path = { name };
  const body = { name, imageName: "x", imageVersion: "1", requiredRoles };
  const bearer = await token(who, [...roles]);
  expect((await api.getAdapter({ client, path })).response?.status).toBe(expected.read);
  expect((await api.getAdapterStatus({ client, path })).response?.status).toBe(expected.read);
  expect((await api.updateAdapter({ client, path, body })).response?.status).toBe(expected.write);
  expect((await post(name, bearer)).status).toBe(expected.use);
  expect((await post(name, bearer, {}, '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}')).status).toBe(
    expected.use,
  );
  const listed = (await api.listAdapters({ client })).data?.some((adapter) => adapter.name === name);
  expect(listed).toBe(expected.read === 200);
  const gone = (await api.deleteAdapter({ client, path })).response?.status;
  expect(gone).toBe(expected.write === 200 ? 204 : expected.write);
});

test("a session is closed to a role that was taken away, and open again with it", async () => {
  await register("session", ["mcp.ops"]);
  const initialize = '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}';
  const opened = await post("session", await token("bob", ["mcp.ops"]), {}, initialize);
  const headers = { "mcp-session-id": opened.headers.get("mcp-session-id") as string };
  const statusWith = async (...roles: string[]) => (await post("session", await token("bob", roles), headers)).status;
  expect([await statusWith("mcp.ops"), await statusWith(), await statusWith("mcp.ops")]).toEqual([200, 403, 200]);
  const foreign = await post("session", await token("carol", ["mcp.ops"]), headers);
  expect(foreign.status).toBe(404);
});

test("a stream ends with the token that opened it, and a call in flight does not", async () => {
  await register("streams");
  // Within the clock skew of a minute: good for about a second more.
  const dying = await issuer.token({ aud: "gateway", scope: "mcp", sub: "alice" }, { expiresInS: -59 });
  const headers = { authorization: `Bearer ${dying}` };
  const stream = await fetch(gateway.mcpUrl("streams"), { headers });
  const before = heard.length;
  const slow = post("streams", dying, {}, '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}');
  await until("the server hears of the call", () => heard.length > before);
  expect(stream.status).toBe(200);
  await stream.text().catch(() => "cut");
  expect((await post("streams", dying)).status).toBe(401);
  finish.resolve();
  expect((await slow).status).toBe(200);
});

test("while the issuer is down, known keys serve on, and a gateway that knows none answers 503", async () => {
  await register("outage");
  const bearer = await token("alice");
  await issuer.down();
  try {
    expect((await post("outage", bearer)).status).toBe(200);
    await using late = await startOn(endpointAt("http://127.0.0.1:1", "x-0"));
    const response = await fetch(`${late.url}/adapters`, { headers: { authorization: `Bearer ${bearer}` } });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await fetch(`${late.url}/adapters`)).status).toBe(401);
  } finally {
    await issuer.up();
  }
});

test("with tokens, development headers say nothing", async () => {
  const response = await fetch(`${gateway.url}/adapters`, {
    headers: { "x-dev-userid": "root", "x-dev-roles": "mcp.admin" },
  });
  expect(response.status).toBe(401);
});
