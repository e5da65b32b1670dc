import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Exposure } from "../../openapi/adapters.ts";
import { accessRules } from "../../gateway/auth/access.ts";
import { mountAdapters } from "../../gateway/control-plane/adapter-routes.ts";
import { adapterVerbs } from "../../gateway/control-plane/adapters.ts";
import { mountServers } from "../../gateway/control-plane/server-routes.ts";
import { serverVerbs } from "../../gateway/control-plane/servers.ts";
import { eventsTo } from "../../gateway/observe/events.ts";
import { openLog } from "../../gateway/observe/logs/log.ts";
import type { Runtime } from "../../gateway/runtime/runtime.ts";
import { type RestApp, restApp } from "../../gateway/rest.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Store } from "../../gateway/store/store.ts";
import { adapterBody, author, serverBody } from "../store/records.ts";
import { staticRuntime } from "../support/static-runtime.ts";

/** Of the revision before the latest. */
const status: Runtime["status"] = async ({ replicaCount, imageName, imageVersion, revision }) => ({
  desired: replicaCount,
  ready: 1,
  updated: 0,
  image: `registry.example/${imageName}:${imageVersion}`,
  observedRevision: revision - 1,
  reason: "The quota of the namespace is exceeded.",
  replicas: [],
});

let store: Store;
let app: RestApp;
const exposure: Exposure = {
  state: "absent",
  reason: "It does not answer.",
  tools: 12,
  estimatedTokens: 1800,
  readAt: "2026-11-23T09:00:00.000Z",
};

beforeAll(async () => {
  store = await openPglite({});
  const events = eventsTo(openLog("silent"));
  const nextRequestId = () => "request-9";
  app = restApp({ events, nextRequestId });
  app.use("*", (c, next) => {
    const id = c.req.header("user") ?? "";
    c.set("principal", { key: `dev:${id}`, id, name: id, roles: id === "bob" ? ["mcp.support"] : [] });
    c.set("requestId", nextRequestId());
    return next();
  });
  const reconciler = { observe: async () => undefined, settled: async () => undefined };
  const access = accessRules({ admin: "mcp.admin", workloadIdentity: [] });
  const parts = { access, store, reconciler, events, now: () => new Date() };
  mountAdapters(
    app,
    adapterVerbs({
      ...parts,
      runtime: { ...staticRuntime([]), status },
      exposureOf: async ({ body }) => (body.exposeTools === false ? null : exposure),
    }),
    { originOf: () => "http://localhost", closing: new AbortController().signal },
  );
  mountServers(
    app,
    serverVerbs({
      ...parts,
      shownBy: async ({ id }, { body }) => ({
        tools: body.tools.length,
        estimatedTokens: 1500,
        missing: [{ adapter: "github", tool: "create_issue", reason: `Nothing for ${id}.` }],
      }),
    }),
    () => "http://gateway",
  );
  const requiredRoles = ["mcp.support"];
  await store.create("adapter", "shown", adapterBody("shown", { requiredRoles, exposeTools: true }), author);
  await store.create("adapter", "hidden", adapterBody("hidden", { requiredRoles }), author);
  await store.create("server", "support", serverBody("support", { requiredRoles }), author);
});
afterAll(() => store[Symbol.asyncDispose]());

const statusAt = (path: string, user: string) => app.request(`${path}/status`, { headers: { user } });

test("an adapter's status says how the tool router last saw it, if that shows it", async () => {
  expect(await (await statusAt("/adapters/shown", "bob")).json()).toEqual({
    readyReplicas: 1,
    updatedReplicas: 0,
    availableReplicas: 1,
    image: "registry.example/mcp-example:1.0.0",
    replicaStatus: "Healthy",
    reason: "The quota of the namespace is exceeded.",
    observedRevision: 0,
    conditions: [
      { type: "Accepted", status: "False", reason: "NotTaken", message: "The quota of the namespace is exceeded." },
      { type: "Available", status: "True", reason: "Available", message: "1 of 1 replicas is ready." },
      { type: "Ready", status: "False", reason: "NotAccepted", message: "Revision 1 is not taken yet." },
    ],
    replicas: [],
    exposure,
  });
  expect(await (await statusAt("/adapters/hidden", "bob")).json()).toMatchObject({ exposure: null });
});

test("a virtual server's status is what whoever asks would see of it", async () => {
  for (const user of ["ada", "bob"]) {
    expect(await (await statusAt("/servers/support", user)).json()).toEqual({
      tools: 2,
      estimatedTokens: 1500,
      missing: [{ adapter: "github", tool: "create_issue", reason: `Nothing for ${user}.` }],
    });
  }
  const refused = await statusAt("/servers/support", "carol");
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ detail: "You do not have permission to read this virtual server." });
  expect((await statusAt("/servers/missing", "ada")).status).toBe(404);
});
