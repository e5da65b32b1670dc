import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { Client } from "../support/client.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";

let gateway: TestGateway;
let stack: AsyncDisposableStack;
let alice: Client;
let bob: Client;
let admin: Client;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const store = stack.use(await temporaryStore());
  gateway = stack.use(await startGateway({}, { store, runtime: stack.use(staticRuntime([])) }));
  alice = gateway.as("alice");
  bob = gateway.as("bob", "mcp.ops");
  admin = gateway.as("root", "mcp.admin");
});
afterAll(() => stack.disposeAsync());

const image = { imageName: "mcp-example", imageVersion: "1.0.0" };
let made = 0;
const freshName = () => `adapter-${++made}`;

async function created(client: Client, more: Record<string, unknown> = {}) {
  const name = freshName();
  const { response, data } = await api.createAdapter({ client, body: { name, ...image, ...more } });
  expect(response?.status).toBe(201);
  return { name, data, etag: response?.headers.get("etag") as string };
}

test("a new adapter has every field, with the Microsoft gateway's defaults", async () => {
  const { name, data } = await created(alice);
  expect(data).toEqual({
    id: name,
    name,
    imageName: "mcp-example",
    imageVersion: "1.0.0",
    environmentVariables: {},
    replicaCount: 1,
    description: "",
    useWorkloadIdentity: false,
    requiredRoles: [],
    pod: null,
    allowedTools: null,
    exposeTools: false,
    affinity: "principal",
    managedBy: "gateway",
    createdBy: "alice",
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    lastUpdatedAt: data?.createdAt as string,
  });
  const read = await api.getAdapter({ client: alice, path: { name } });
  expect(JSON.stringify(read.data)).toBe(JSON.stringify(data));
});

test("creation says where the adapter is, and at which revision", async () => {
  const name = freshName();
  const { response } = await api.createAdapter({ client: alice, body: { name, ...image } });
  expect(response?.headers.get("location")).toBe(`${gateway.url}/adapters/${name}`);
  expect(response?.headers.get("etag")).toMatch(/^"[0-9a-f]{8}-1"$/);
  expect(response?.headers.get("x-request-id")).toMatch(/^[0-9a-f]{12}-\w+$/);
});

test("fields that the contract does not know are ignored", async () => {
  const name = freshName();
  const response = await fetch(`${gateway.url}/adapters`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, ...image, createdBy: "mallory", color: "red" }),
  });
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ createdBy: "dev" });
});

test("of 50 concurrent creations of one name one is made and 49 conflict", async () => {
  const name = freshName();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => api.createAdapter({ client: alice, body: { name, ...image } })),
  );
  const statuses = answers.map(({ response }) => response?.status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 409)).toHaveLength(49);
  const conflict = answers.find(({ response }) => response?.status === 409);
  expect(conflict?.error).toMatchObject({ title: "Conflict", detail: "The adapter with the same name already exist." });
});

test("a list shows what the caller may read, by name", async () => {
  const own = await created(bob);
  const shared = await created(alice, { requiredRoles: ["MCP.Ops"] });
  const foreign = await created(alice);
  const names = async (client: Client) => (await api.listAdapters({ client })).data?.map(({ name }) => name) ?? [];
  const bobs = await names(bob);
  expect(bobs).toContain(own.name);
  expect(bobs).toContain(shared.name);
  expect(bobs).not.toContain(foreign.name);
  expect(await names(admin)).toContain(foreign.name);
  expect(await names(admin)).toEqual((await names(admin)).toSorted());
});

test("who may do what with somebody else's adapter", async () => {
  const { name } = await created(alice, { requiredRoles: ["mcp.ops"] });
  const statuses = async (client: Client) => [
    (await api.getAdapter({ client, path: { name } })).response?.status,
    (await api.getAdapterStatus({ client, path: { name } })).response?.status,
    (await api.updateAdapter({ client, path: { name }, body: { name, ...image } })).response?.status,
  ];
  expect(await statuses(gateway.as("carol"))).toEqual([403, 403, 403]);
  expect(await statuses(bob)).toEqual([200, 200, 403]);
  expect((await api.deleteAdapter({ client: bob, path: { name } })).response?.status).toBe(403);
  expect(await statuses(admin)).toEqual([200, 200, 200]);
  expect((await api.deleteAdapter({ client: admin, path: { name } })).response?.status).toBe(204);
});

test("a cloud identity is the admin's to give, and fixed from then on", async () => {
  const name = freshName();
  const refused = await api.createAdapter({ client: alice, body: { name, ...image, useWorkloadIdentity: true } });
  expect(refused.response?.status).toBe(403);
  const { name: given } = await created(admin, { useWorkloadIdentity: true });
  const changed = await api.updateAdapter({ client: admin, path: { name: given }, body: { name: given, ...image } });
  expect(changed.response?.status).toBe(400);
  expect(changed.error?.detail).toBe(
    "UseWorkloadIdentity cannot be changed after creation. Delete and recreate the adapter instead.",
  );
});

test("an image may be named by its digest", async () => {
  const imageVersion = `sha256:${"0123456789abcdef".repeat(4)}`;
  const { name } = await created(alice, { imageVersion });
  expect((await api.getAdapter({ client: alice, path: { name } })).data?.imageVersion).toBe(imageVersion);
});

test("an update replaces every field and keeps who made it", async () => {
  const { name, data } = await created(alice, { description: "before", environmentVariables: { A: "1" } });
  const { data: after, response } = await api.updateAdapter({
    client: admin,
    path: { name },
    body: { name, ...image, replicaCount: 2 },
  });
  expect(response?.headers.get("etag")).toMatch(/^"[0-9a-f]{8}-2"$/);
  expect(after).toMatchObject({ description: "", environmentVariables: {}, replicaCount: 2, createdBy: "alice" });
  expect(after?.createdAt).toBe(data?.createdAt as string);
});

test("what the tool router shows of it is kept as it was written", async () => {
  const choices = [{ tool: "add", as: "plus", description: "Adds" }, { tool: "*" }];
  const { name, data } = await created(alice, { exposeTools: choices });
  expect(data?.exposeTools).toEqual(choices);
  const put = await api.updateAdapter({ client: alice, path: { name }, body: { name, ...image, exposeTools: true } });
  expect(put.data?.exposeTools).toBe(true);
  const hidden = await api.updateAdapter({ client: alice, path: { name }, body: { name, ...image } });
  expect(hidden.data?.exposeTools).toBe(false);
  expect((await api.getAdapterStatus({ client: alice, path: { name } })).data?.exposure).toBeNull();
});

test("If-Match lets one of two writers through", async () => {
  const { name, etag } = await created(alice);
  const put = (ifMatch: string) =>
    api.updateAdapter({ client: alice, path: { name }, headers: { "if-match": ifMatch }, body: { name, ...image } });
  const statuses = (await Promise.all([put(etag), put(etag)])).map(({ response }) => response?.status);
  expect(statuses.toSorted()).toEqual([200, 412]);
  expect((await put(etag)).error?.detail).toBe(
    "The adapter was changed since you read it. Read it again, then repeat the change.",
  );
  expect((await put("*")).response?.status).toBe(200);
  expect((await put("never given out")).response?.status).toBe(412);
  const stale = await api.deleteAdapter({ client: alice, path: { name }, headers: { "if-match": etag } });
  expect(stale.response?.status).toBe(412);
});

test("four writers without If-Match all get through, one after the other", async () => {
  const { name } = await created(alice);
  const answers = await Promise.all(
    Array.from({ length: 4 }, (_, i) =>
      api.updateAdapter({ client: alice, path: { name }, body: { name, ...image, description: `writer ${i}` } }),
    ),
  );
  expect(answers.map(({ response }) => response?.status)).toEqual([200, 200, 200, 200]);
  expect((await api.getAdapter({ client: alice, path: { name } })).response?.headers.get("etag")).toEndWith('-5"');
});

test("what is not there is a 404, whatever is asked of it", async () => {
  for (const name of ["missing", "Capital", "with.dot", "%2e%2e", "x".repeat(300)]) {
    const path = { name: decodeURIComponent(name) };
    const body = { name: "missing", ...image };
    expect((await api.getAdapter({ client: alice, path })).response?.status).toBe(404);
    expect((await api.getAdapterStatus({ client: alice, path })).response?.status).toBe(404);
    expect((await api.getAdapterLogs({ client: alice, path })).response?.status).toBe(404);
    expect((await api.deleteAdapter({ client: alice, path })).response?.status).toBe(404);
    if (name === "missing") {
      const put = await api.updateAdapter({ client: alice, path, body });
      expect(put.error).toMatchObject({ status: 404, detail: "The adapter does not exist and cannot be updated." });
    }
  }
});

test("URL and body must name the same adapter", async () => {
  const { name } = await created(alice);
  const put = await api.updateAdapter({ client: alice, path: { name }, body: { name: "other", ...image } });
  expect(put.error).toMatchObject({ status: 400, detail: "Adapter name in URL and body must match." });
});

test("a deleted name is free again at once, and its successor is another adapter", async () => {
  const { name, etag } = await created(alice);
  expect((await api.deleteAdapter({ client: alice, path: { name } })).response?.status).toBe(204);
  expect((await api.getAdapter({ client: alice, path: { name } })).response?.status).toBe(404);
  expect((await api.deleteAdapter({ client: alice, path: { name } })).response?.status).toBe(404);
  const again = await api.createAdapter({ client: bob, body: { name, ...image } });
  expect(again.response?.status).toBe(201);
  expect(again.data?.createdBy).toBe("bob");
  const old = await api.deleteAdapter({ client: bob, path: { name }, headers: { "if-match": etag } });
  expect(old.response?.status).toBe(412);
});

const valid = { name: "valid", ...image };
test.each([
  ["no name", { ...valid, name: undefined }, "name"],
  ["an empty name", { ...valid, name: "" }, "name"],
  ["dots", { ...valid, name: "a.b" }, "name"],
  ["parents", { ...valid, name: ".." }, "name"],
  ["capitals", { ...valid, name: "Weather" }, "name"],
  ["a slash", { ...valid, name: "a/b" }, "name"],
  ["a dash at the end", { ...valid, name: "a-" }, "name"],
  ["300 characters", { ...valid, name: "a".repeat(300) }, "name"],
  ["a name of another type", { ...valid, name: 5 }, "name"],
  ["an image with a registry's port", { ...valid, imageName: "host:5000/x" }, "imageName"],
  ["an image with parents", { ...valid, imageName: "a/../b" }, "imageName"],
  ["no version", { ...valid, imageVersion: undefined }, "imageVersion"],
  ["a version with a digest", { ...valid, imageVersion: "a@sha256:0" }, "imageVersion"],
  ["a digest that is too short", { ...valid, imageVersion: "sha256:abc" }, "imageVersion"],
  ["a digest of another kind", { ...valid, imageVersion: `sha512:${"a".repeat(64)}` }, "imageVersion"],
  ["a pod setting out of range", { ...valid, pod: { startupSeconds: 0 } }, "pod.startupSeconds"],
  ["a pod that is text", { ...valid, pod: "small" }, "pod"],
  ["-1 replicas", { ...valid, replicaCount: -1 }, "replicaCount"],
  ["a billion replicas", { ...valid, replicaCount: 1e9 }, "replicaCount"],
  ["half a replica", { ...valid, replicaCount: 1.5 }, "replicaCount"],
  ["replicas in words", { ...valid, replicaCount: "3" }, "replicaCount"],
  ["a variable that is no text", { ...valid, environmentVariables: { A: 1 } }, "environmentVariables.A"],
  ["a variable without a name", { ...valid, environmentVariables: { "": "1" } }, "environmentVariables."],
  ["a variable with an equals sign", { ...valid, environmentVariables: { "A=B": "1" } }, "environmentVariables.A=B"],
  ["a variable with NUL", { ...valid, environmentVariables: { A: "x\u0000y" } }, "environmentVariables.A"],
  ["half a character", { ...valid, description: "\ud83d" }, "description"],
  ["a role with NUL", { ...valid, requiredRoles: ["a\u0000"] }, "requiredRoles.0"],
  ["roles that are no list", { ...valid, requiredRoles: "mcp.ops" }, "requiredRoles"],
  ["tools that are no list", { ...valid, allowedTools: { "*": "add" } }, "allowedTools.*"],
  ["a `*` renamed", { ...valid, exposeTools: [{ tool: "*", as: "all" }] }, "exposeTools.0"],
  ["an unknown affinity", { ...valid, affinity: "sticky" }, "affinity"],
  ["a list", [valid], ""],
  ["null", null, ""],
])("creation with %s is a 400 that names the field", async (_name, body, path) => {
  const response = await fetch(`${gateway.url}/adapters`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await response.json()) as { errors: { path: string; message: string }[] };
  expect(problem.errors.map((error) => error.path)).toContain(path);
  expect((await api.listAdapters({ client: admin })).data?.some(({ name }) => name === "valid")).toBe(false);
});

test.each([
  ["malformed JSON", "POST", "/adapters", { "content-type": "application/json" }, "{", 400, null],
  ["another media type", "POST", "/adapters", { "content-type": "text/plain" }, "{}", 415, null],
  ["no body", "POST", "/adapters", {}, undefined, 400, null],
  ["a method that is not there", "PATCH", "/adapters/x", {}, undefined, 405, "GET, PUT, DELETE"],
  ["a method that lists do not have", "DELETE", "/adapters", {}, undefined, 405, "POST, GET"],
  ["an unknown path", "GET", "/adapterz", {}, undefined, 404, null],
  ["an instance in words", "GET", "/adapters/x/logs?instance=first", {}, undefined, 400, null],
  ["5 MiB", "POST", "/adapters", { "content-type": "application/json" }, `"${"x".repeat(5 * 1024 * 1024)}"`, 413, null],
] as const)("%s gets a problem", async (_name, method, path, headers, body, status, allow) => {
  const response = await fetch(gateway.url + path, { method, headers: { ...headers }, body });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("allow")).toBe(allow);
  expect(await response.json()).toMatchObject({
    type: "about:blank",
    status,
    requestId: expect.stringMatching(/\w+-\w+/),
  });
});

test("probes answer without identity, Host or store", async () => {
  const host = { host: "10.0.0.7" };
  expect((await fetch(`${gateway.url}/ping`, { headers: host })).status).toBe(200);
  expect(await (await fetch(`${gateway.url}/healthz`, { headers: host })).json()).toEqual({ status: "ok" });
  expect(await (await fetch(`${gateway.url}/readyz`, { headers: host })).json()).toEqual({ status: "ok" });
});

test("a rebound Host or a foreign page reaches nothing", async () => {
  for (const [name, value] of [
    ["host", "evil.example"],
    ["origin", "https://evil.example"],
  ] as const) {
    const response = await fetch(`${gateway.url}/adapters`, { headers: { [name]: value } });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ title: "Forbidden" });
  }
});
