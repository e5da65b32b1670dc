import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { LogRequest, Logs, Workload } from "../../gateway/runtime/runtime.ts";
import type { Client } from "../support/client.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type StaticRuntime, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";

const stack = new AsyncDisposableStack();
let gateway: TestGateway;
let runtime: StaticRuntime;
let alice: Client;
let bob: Client;
let admin: Client;

beforeAll(async () => {
  const store = stack.use(await temporaryStore());
  const logs = async (_name: string, { instance }: LogRequest): Promise<Logs> =>
    instance === 0 ? { state: "starting" } : { state: "absent" };
  runtime = stack.use({ ...staticRuntime([]), logs });
  gateway = stack.use(await startGateway({}, { store, runtime }));
  alice = gateway.as("alice");
  bob = gateway.as("bob", "mcp.ops");
  admin = gateway.as("root", "mcp.admin");
});
afterAll(() => stack.disposeAsync());

const image = { imageName: "mcp-example", imageVersion: "1.0.0" };
const inputSchema = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] };
let made = 0;
const freshName = () => `tool-${++made}`;

function toolData(name: string, more: Partial<api.ToolData> = {}): api.ToolData {
  return { name, ...image, toolDefinition: { tool: { name, inputSchema } }, ...more };
}

async function created(client: Client, more: Partial<api.ToolData> = {}) {
  const name = freshName();
  const { response, data } = await api.createTool({ client, body: toolData(name, more) });
  expect(response?.status).toBe(201);
  return { name, data, etag: response?.headers.get("etag") as string };
}

/** What the runtime was told last, as soon as that holds. */
const wanted = (name: string, holds: (workload: Workload) => boolean) =>
  until(`the runtime hears of ${name}`, () => {
    const workload = runtime.wanted(name);
    return workload && holds(workload) && workload;
  });

/** Creation with a body that no type allows. */
async function post(body: object): Promise<{ status: number; detail: string; paths: string[] }> {
  const response = await fetch(`${gateway.url}/tools`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const problem = (await response.json()) as { detail: string; errors?: { path: string }[] };
  return { status: response.status, detail: problem.detail, paths: problem.errors?.map(({ path }) => path) ?? [] };
}

test("a tool of the Microsoft gateway's JSON is taken, with that gateway's defaults and port 8000, path /score", async () => {
  const name = "weather-tool";
  const tool = {
    name,
    title: "Weather",
    description: "Gets the current weather",
    inputSchema: {
      type: "object" as const,
      properties: { location: { type: "string", description: "City" } },
      required: ["location"],
    },
    annotations: { readOnly: true, readOnlyHint: true },
    type: "http" as const,
    properties: { method: "POST" as const, path: "/forecast" },
  };
  const body = { name, ...image, description: "Weather", requiredRoles: [], toolDefinition: { tool } };
  const { data, response } = await api.createTool({ client: alice, body });
  expect(response?.headers.get("location")).toBe(`${gateway.url}/tools/weather-tool`);
  expect(response?.headers.get("etag")).toMatch(/^"[0-9a-f]{8}-1"$/);
  expect(data).toEqual({
    id: name,
    name,
    imageName: "mcp-example",
    imageVersion: "1.0.0",
    environmentVariables: {},
    replicaCount: 1,
    description: "Weather",
    useWorkloadIdentity: false,
    requiredRoles: [],
    pod: null,
    toolDefinition: { tool: { ...tool, annotations: { readOnlyHint: true } }, port: 8000, path: "/score" },
    createdBy: "alice",
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    lastUpdatedAt: data?.createdAt as string,
  });
  const read = await api.getTool({ client: alice, path: { name } });
  expect(read.data).toEqual(data as api.ToolResource);
  expect(read.response?.headers.get("etag")).toBe(response?.headers.get("etag") as string);
  expect(await wanted(name, () => true)).toMatchObject({ kind: "tool", name, imageName: "mcp-example", port: 8000 });
});

test("an update replaces every field, the definition too, and the runtime hears of the new port", async () => {
  const { name, data, etag } = await created(alice, { description: "before", environmentVariables: { A: "1" } });
  const toolDefinition = { tool: { name, inputSchema, title: "New" }, port: 9000, path: "/v2/ask" };
  const updated = await api.updateTool({ client: admin, path: { name }, body: toolData(name, { toolDefinition }) });
  expect(updated.data).toMatchObject({ description: "", environmentVariables: {}, createdBy: "alice", toolDefinition });
  expect(updated.data?.createdAt).toBe(data?.createdAt as string);
  expect(updated.response?.headers.get("etag")).toBe(etag.replace('-1"', '-2"'));
  expect((await wanted(name, ({ port }) => port === 9000)).environment).toEqual({});
});

test("a deleted tool is gone with its workload, and its name is free", async () => {
  const { name, etag } = await created(alice);
  await wanted(name, () => true);
  const removed = await api.deleteTool({ client: alice, path: { name }, headers: { "if-match": etag } });
  expect(removed.response?.status).toBe(204);
  expect((await api.getTool({ client: alice, path: { name } })).error?.detail).toBe("The tool does not exist.");
  expect(runtime.wanted(name)).toBeUndefined();
  expect((await api.createTool({ client: bob, body: toolData(name) })).response?.status).toBe(201);
});

test("URL and body must name the same tool", async () => {
  const { name } = await created(alice);
  const put = await api.updateTool({ client: alice, path: { name }, body: toolData("other") });
  expect(put.error).toMatchObject({ status: 400, detail: "Tool name in URL and body must match." });
});

test("what is not there is a 404 in the Microsoft gateway's words", async () => {
  const path = { name: "missing" };
  const detail = "The tool does not exist.";
  expect((await api.getTool({ client: alice, path })).error).toMatchObject({ status: 404, detail });
  expect((await api.getToolStatus({ client: alice, path })).error).toMatchObject({ status: 404, detail });
  expect((await api.getToolLogs({ client: alice, path })).error).toMatchObject({ status: 404, detail });
  expect((await api.deleteTool({ client: alice, path })).error).toMatchObject({ status: 404, detail });
  const put = await api.updateTool({ client: alice, path, body: toolData("missing") });
  expect(put.error).toMatchObject({ status: 404, detail: "The tool does not exist and cannot be updated." });
});

const tool = (more: object = {}) => ({ name: "valid", inputSchema, ...more });
const port = "Port must be between 1 and 65535.";
const path =
  "Path must start with '/' and contain only alphanumeric characters, slashes, dashes, underscores, and dots.";
test.each([
  ["no definition", undefined, "toolDefinition", undefined],
  [
    "a definition that no list would show",
    { tool: tool({ description: "d".repeat(16_000), _meta: { long: "m".repeat(256 * 1024) } }) },
    "toolDefinition.tool",
    "A tool's definition may have 262144 bytes.",
  ],
  ["another tool's name", { tool: tool({ name: "other" }) }, "toolDefinition.tool.name", undefined],
  ["port 0", { tool: tool(), port: 0 }, "toolDefinition.port", port],
  ["port 65536", { tool: tool(), port: 65_536 }, "toolDefinition.port", port],
  ["a path without its slash", { tool: tool(), path: "score" }, "toolDefinition.path", path],
  ["a path with a query", { tool: tool(), path: "/score?a=b" }, "toolDefinition.path", path],
  ["a path with a host", { tool: tool(), path: "/@evil.example:80" }, "toolDefinition.path", path],
  ["no inputSchema", { tool: { name: "valid" } }, "toolDefinition.tool.inputSchema", undefined],
  [
    "an inputSchema of text",
    { tool: tool({ inputSchema: { type: "string" } }) },
    "toolDefinition.tool.inputSchema.type",
    undefined,
  ],
  [
    "an unknown method",
    { tool: tool({ properties: { method: "TRACE" } }) },
    "toolDefinition.tool.properties.method",
    undefined,
  ],
])("creation with %s is a 400 that names the field", async (_name, toolDefinition, field, detail) => {
  const refused = await post({ name: "valid", ...image, toolDefinition });
  expect(refused.status).toBe(400);
  expect(refused.paths).toContain(field);
  if (detail !== undefined) expect(refused.detail).toBe(`${field}: ${detail}`);
  expect((await api.getTool({ client: admin, path: { name: "valid" } })).response?.status).toBe(404);
});

const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`) as object;
test.each([
  [
    "an inputSchema that is no schema",
    { inputSchema: { type: "object", properties: 5 } },
    "toolDefinition.tool.inputSchema: ",
  ],
  [
    "an outputSchema that refers to another place",
    { outputSchema: { type: "object", $ref: "https://x.example/" } },
    "toolDefinition.tool.outputSchema: ",
  ],
  ["an icon with NUL", { icons: [{ src: "x", note: "\u0000" }] }, "toolDefinition.tool: Must be text without NUL."],
  ["a key with half a character", { _meta: { "\ud83d": 1 } }, "toolDefinition.tool: Must be text without NUL."],
  ["5000 levels", { _meta: deep }, "toolDefinition.tool: Must not be nested deeper than 100."],
])("%s is refused, at creation and at an update", async (_name, wrong, detail) => {
  const refused = await post({ name: "valid", ...image, toolDefinition: { tool: tool(wrong) } });
  expect(refused).toMatchObject({ status: 400, detail: expect.stringContaining(detail) });

  const { name } = await created(alice);
  const toolDefinition = { tool: { ...tool(wrong), name } } as api.ToolDefinition;
  const put = await api.updateTool({ client: alice, path: { name }, body: toolData(name, { toolDefinition }) });
  expect(put.error).toMatchObject({ status: 400, detail: expect.stringContaining(detail) });
});

test("who may do what with somebody else's tool", async () => {
  const { name } = await created(alice, { requiredRoles: ["mcp.ops"] });
  const path = { name };
  const statuses = async (client: Client) => [
    (await api.getTool({ client, path })).response?.status,
    (await api.getToolStatus({ client, path })).response?.status,
    (await api.updateTool({ client, path, body: toolData(name, { requiredRoles: ["mcp.ops"] }) })).response?.status,
    (await api.listTools({ client })).data?.some((listed) => listed.name === name),
  ];
  expect(await statuses(gateway.as("carol"))).toEqual([403, 403, 403, false]);
  expect(await statuses(bob)).toEqual([200, 200, 403, true]);
  expect(await statuses(admin)).toEqual([200, 200, 200, true]);
  const refused = await api.deleteTool({ client: bob, path });
  expect(refused.error).toMatchObject({ status: 403, detail: "You do not have permission to write this tool." });
  expect((await api.getToolLogs({ client: gateway.as("carol"), path })).response?.status).toBe(403);
  expect((await api.deleteTool({ client: admin, path })).response?.status).toBe(204);
});

test("a cloud identity is the admin's to give, and fixed from then on", async () => {
  const body = toolData(freshName(), { useWorkloadIdentity: true });
  expect((await api.createTool({ client: alice, body })).response?.status).toBe(403);
  const { name } = await created(admin, { useWorkloadIdentity: true });
  const changed = await api.updateTool({ client: admin, path: { name }, body: toolData(name) });
  expect(changed.error?.detail).toBe(
    "UseWorkloadIdentity cannot be changed after creation. Delete and recreate the tool instead.",
  );
});

test("a secret's value is taken, kept when it comes back without, and never shown", async () => {
  const { name, data } = await created(alice, {
    environmentVariables: { KEY: { secret: true, value: "do not tell" } },
  });
  expect(data?.environmentVariables).toEqual({ KEY: { secret: true } });
  const shown = toolData(name, { environmentVariables: { KEY: { secret: true }, A: "2" } });
  const updated = await api.updateTool({ client: alice, path: { name }, body: shown });
  expect(updated.data?.environmentVariables).toEqual({ KEY: { secret: true }, A: "2" });
  const { environment } = await wanted(name, ({ environment }) => "A" in environment);
  expect(environment).toEqual({ KEY: { secret: "do not tell" }, A: "2" });
  const seen = [data, updated.data, (await api.listTools({ client: alice })).data];
  expect(JSON.stringify(seen)).not.toContain("do not tell");
});

test("If-Match lets one of two writers through", async () => {
  const { name, etag } = await created(alice);
  const put = (ifMatch: string) =>
    api.updateTool({ client: alice, path: { name }, headers: { "if-match": ifMatch }, body: toolData(name) });
  const statuses = (await Promise.all([put(etag), put(etag)])).map(({ response }) => response?.status);
  expect(statuses.toSorted()).toEqual([200, 412]);
  expect((await put(etag)).error?.detail).toBe(
    "The tool was changed since you read it. Read it again, then repeat the change.",
  );
  const stale = await api.deleteTool({ client: alice, path: { name }, headers: { "if-match": etag } });
  expect(stale.response?.status).toBe(412);
  expect((await put("*")).response?.status).toBe(200);
});

test("a name that a tool has is taken for tools and adapters alike, and so is one that an adapter has", async () => {
  const { name } = await created(alice);
  const again = await api.createTool({ client: bob, body: toolData(name) });
  expect(again.error).toMatchObject({ status: 409, detail: "The tool with the same name already exists." });
  const asAdapter = await api.createAdapter({ client: bob, body: { name, ...image } });
  expect(asAdapter.error).toMatchObject({
    status: 409,
    detail: "The name is taken by a tool: adapters and tools share their names.",
  });

  const adapter = freshName();
  await api.createAdapter({ client: alice, body: { name: adapter, ...image } });
  const asTool = await api.createTool({ client: bob, body: toolData(adapter) });
  expect(asTool.error).toMatchObject({
    status: 409,
    detail: "The name is taken by an adapter: adapters and tools share their names.",
  });
  expect((await api.getTool({ client: admin, path: { name: adapter } })).response?.status).toBe(404);
  expect(await wanted(adapter, () => true)).toMatchObject({ kind: "adapter", port: 8000 });

  await api.deleteAdapter({ client: alice, path: { name: adapter } });
  expect((await api.createTool({ client: bob, body: toolData(adapter) })).response?.status).toBe(201);
});

test("a tool that is not running is degraded, and has no logs yet", async () => {
  const { name } = await created(alice, { replicaCount: 2 });
  const { data } = await api.getToolStatus({ client: alice, path: { name } });
  expect(data).toEqual({
    readyReplicas: 0,
    updatedReplicas: 0,
    availableReplicas: 0,
    image: "Unknown",
    replicaStatus: "Degraded: 0/2 ready",
    reason: null,
    observedRevision: null,
    conditions: ["Accepted", "Available", "Ready"].map((type) => ({
      type: type as "Ready",
      status: "Unknown" as const,
      reason: "Pending",
      message: "The runtime has not taken it yet.",
    })),
    replicas: [],
  });
  const logs = await api.getToolLogs({ client: alice, path: { name } });
  expect(logs.response?.status).toBe(200);
  expect(logs.response?.headers.get("content-type")).toStartWith("text/plain");
  expect(logs.data).toBe("Logs are not yet available for instance 0 (pod is starting). Try again in a few seconds.");
  const none = await api.getToolLogs({ client: alice, path: { name }, query: { instance: 7 } });
  expect(none.error).toMatchObject({ status: 404, detail: "The tool has no instance 7." });
});
