import { afterAll, beforeAll, expect, test } from "bun:test";
import * as api from "../../openapi/client/index.ts";
import type { Runtime, Workload } from "../../gateway/runtime/runtime.ts";
import type { Client } from "../support/client.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type StaticRuntime, staticRuntime } from "../support/static-runtime.ts";
import { temporaryStore } from "../support/store.ts";
import { until } from "../support/until.ts";

let gateway: TestGateway;
let runtime: StaticRuntime;
let alice: Client;
let admin: Client;
const stack = new AsyncDisposableStack();

/** As a runtime in which this name belongs to something else, and that image cannot run. */
const refusal: Runtime["refusal"] = ({ name, imageName }: Workload) => {
  if (name === "mcp-gateway") return { why: "taken", detail: "The name belongs to a Deployment." };
  return imageName === "none" ? { why: "unrunnable", detail: "There is no such image." } : undefined;
};

beforeAll(async () => {
  const store = stack.use(await temporaryStore());
  runtime = { ...staticRuntime([]), refusal };
  gateway = stack.use(await startGateway({}, { store, runtime }));
  alice = gateway.as("alice");
  admin = gateway.as("root", "mcp.admin");
});
afterAll(() => stack.disposeAsync());

const image = { imageName: "mcp-example", imageVersion: "1.0.0" };
const template = { spec: { priorityClassName: "tools", hostAliases: [{ ip: "10.0.0.1", hostnames: ["a", "b"] }] } };
/** The same in another order of fields. */
const reordered = { spec: { hostAliases: [{ hostnames: ["a", "b"], ip: "10.0.0.1" }], priorityClassName: "tools" } };

async function create(client: Client, name: string, pod: api.PodSettings | null) {
  const { response, data, error } = await api.createAdapter({ client, body: { name, ...image, pod } });
  return { status: response?.status, pod: data?.pod, detail: error?.detail };
}

async function put(client: Client, name: string, pod: api.PodSettings | null) {
  const body = { name, ...image, pod };
  const { response, data, error } = await api.updateAdapter({ client, path: { name }, body });
  return { status: response?.status, pod: data?.pod, detail: error?.detail };
}

test("how replicas run reaches the runtime, with the revision", async () => {
  const pod = { resources: { limits: { memory: "1Gi" } }, terminationGracePeriodSeconds: 300 };
  expect(await create(alice, "settings", pod)).toMatchObject({ status: 201, pod });
  expect(await until("the workload", () => runtime.wanted("settings"))).toMatchObject({
    pod,
    useWorkloadIdentity: false,
    revision: 1,
  });
  expect(await put(alice, "settings", null)).toMatchObject({ status: 200, pod: null });
  const changed = () => runtime.wanted("settings")?.revision === 2 && runtime.wanted("settings");
  expect(await until("the change", changed)).toMatchObject({ pod: null, revision: 2 });
});

test("a pod template is for admins to write; others may write it back as it is", async () => {
  const denied = "You do not have permission to write pod.template: admins may.";
  expect(await create(alice, "templated", { template })).toEqual({
    status: 403,
    pod: undefined,
    detail: `${denied} Leave it out.`,
  });
  expect((await create(alice, "templated", null)).status).toBe(201);
  expect(await put(alice, "templated", { template: {} })).toMatchObject({ status: 403 });
  expect(await put(admin, "templated", { template })).toMatchObject({ status: 200, pod: { template } });

  const kept = { template: reordered, startupSeconds: 300 };
  expect(await put(alice, "templated", kept)).toMatchObject({ status: 200, pod: { template, startupSeconds: 300 } });
  const swapped = { spec: { ...template.spec, hostAliases: [{ ip: "10.0.0.1", hostnames: ["b", "a"] }] } };
  for (const pod of [null, {}, { template: {} }, { template: swapped }]) {
    const refused = await put(alice, "templated", pod);
    expect(refused).toEqual({ status: 403, pod: undefined, detail: `${denied} Write it back as you read it.` });
  }
  expect(await put(admin, "templated", null)).toMatchObject({ status: 200, pod: null });
});

test("a tool's template is guarded as an adapter's", async () => {
  const toolDefinition = { tool: { name: "a-tool", inputSchema: { type: "object" as const } } };
  const body = { name: "a-tool", ...image, toolDefinition, pod: { template } };
  expect((await api.createTool({ client: alice, body })).response?.status).toBe(403);
  expect((await api.createTool({ client: admin, body })).response?.status).toBe(201);
});

test.each([
  ["NUL", { template: { spec: { hostname: "a\u0000" } } }],
  ["half a character", { nodeSelector: { zone: "\ud83d" } }],
  ["a thousand levels", { template: { spec: JSON.parse(`${"[".repeat(1000)}${"]".repeat(1000)}`) } }],
])("pod settings with %s are a 400", async (_case, pod) => {
  const refused = await create(admin, "unkeepable", pod);
  expect(refused.status).toBe(400);
  expect(refused.detail).toStartWith("pod: Must ");
});

test("a name that belongs to something else is a conflict, an image that cannot run is not", async () => {
  expect(await create(alice, "mcp-gateway", null)).toMatchObject({
    status: 409,
    detail: "The name belongs to a Deployment.",
  });
  expect((await create(alice, "refused", null)).status).toBe(201);
  const body = { name: "refused", ...image, imageName: "none" };
  const updated = await api.updateAdapter({ client: alice, path: { name: "refused" }, body });
  expect(updated.error).toMatchObject({ status: 422, detail: "There is no such image." });
});
