import { afterEach, beforeEach, expect, test } from "bun:test";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Runtime } from "../../gateway/runtime/runtime.ts";
import type { Kind, Store } from "../../gateway/store/store.ts";
import { openBench, readyEndpoints } from "../runtime/support.ts";
import { workload } from "../runtime/workload.ts";
import { adapterBody, author, bodies, toolBody, written } from "../store/records.ts";
import { staticRuntime } from "../support/static-runtime.ts";
import { until } from "../support/until.ts";
import { drift, endlessPauses, startControlPlane } from "./stand.ts";

let store: Store;
beforeEach(async () => {
  store = await openPglite({});
});
afterEach(() => store[Symbol.asyncDispose]());

const start = <R extends Runtime>(runtime: R, from: Store = store) => startControlPlane(runtime, from);

const create = async <K extends Kind>(kind: K, name: string) =>
  written(await store.create(kind, name, bodies[kind](name), author));

test("adapters and tools run, each on its port; virtual servers do not", async () => {
  await create("adapter", "an-adapter");
  const tool = toolBody("a-tool");
  await store.create("tool", "a-tool", { ...tool, toolDefinition: { ...tool.toolDefinition, port: 9000 } }, author);
  await create("server", "a-server");
  await using started = await start(staticRuntime([]));
  const wanted = async (name: string) => until(name, () => started.runtime.wanted(name));
  expect(await wanted("an-adapter")).toMatchObject({ kind: "adapter", port: 8000, environment: { LOG_LEVEL: "info" } });
  expect(await wanted("a-tool")).toMatchObject({ kind: "tool", port: 9000, environment: { LOG_LEVEL: "info" } });
  await started.reconciler.settled("server", "a-server");
  expect(started.runtime.wanted("a-server")).toBeUndefined();
  expect(await store.get("server", "a-server")).toBeDefined();
});

test("what runs for nobody ends, and what was marked when the gateway died goes, of every kind", async () => {
  const runtime = staticRuntime([]);
  await runtime.apply(workload({ name: "leftover" }));
  await create("tool", "wanted");
  for (const kind of ["adapter", "tool", "server"] as const) {
    await create(kind, `marked-${kind}`);
    await store.markDeleting(kind, `marked-${kind}`, 1, author);
    if (kind !== "server") await runtime.apply(workload({ name: `marked-${kind}` }));
  }
  await using _ = await start(runtime);
  for (const kind of ["adapter", "tool", "server"] as const) {
    await until(`the purge of ${kind}`, async () => !(await store.get(kind, `marked-${kind}`)));
    expect(runtime.wanted(`marked-${kind}`)).toBeUndefined();
  }
  await until("the leftover's end", () => !runtime.wanted("leftover"));
});

test("a store without any record may be the wrong one, so what runs is left alone", async () => {
  const runtime = staticRuntime([]);
  await runtime.apply(workload({ name: "running" }));
  await using started = await start(runtime);
  await until("the word of it", () => started.kept.includes("running"));
  expect(runtime.wanted("running")).toBeDefined();
});

test("what was found in the cluster is in every store, so a store with nothing else may be the wrong one, too", async () => {
  const runtime = staticRuntime([]);
  await runtime.apply(workload({ name: "running" }));
  await store.create("adapter", "found", adapterBody("found", { managedBy: "kubernetes" }), author);
  await using started = await start(runtime);
  await until("the word of it", () => started.kept.includes("running"));
  expect(runtime.wanted("running")).toBeDefined();
});

test("what Kubernetes manages is neither run nor ended, nor is its record taken away", async () => {
  const runtime = staticRuntime([]);
  const done: string[] = [];
  const noting: Runtime = {
    ...runtime,
    names: async () => ["found", "marked"],
    apply: async ({ name }) => void done.push(`apply ${name}`),
    remove: async (name) => void done.push(`remove ${name}`),
  };
  for (const name of ["found", "marked"]) {
    await store.create("adapter", name, adapterBody(name, { managedBy: "kubernetes" }), author);
  }
  await store.markDeleting("adapter", "marked", 1, author);
  await create("adapter", "made");
  await using _ = await start(noting);
  await until("what was made here", () => done.includes("apply made"));
  expect(done).toEqual(["apply made"]);
  expect((await store.get("adapter", "marked"))?.deleting).toBe(true);
});

test("drift of what somebody else runs is nobody's business: neither the store nor the runtime is asked", async () => {
  const drifts = drift();
  const runtime = { ...staticRuntime([]), onDrift: drifts.onDrift };
  const asked: string[] = [];
  const counting: Store = {
    ...store,
    get: (kind, name) => {
      asked.push(name);
      return store.get(kind, name);
    },
  };
  const remove = async (name: string) => void asked.push(name);
  await using started = await start({ ...runtime, remove }, counting);
  drifts.of("foreign");
  await create("adapter", "later");
  await until("later news", () => runtime.wanted("later"));
  expect(asked).not.toContain("foreign");
  expect(started.kept).toEqual([]);
});

test("a name may go from an adapter to a tool and back, and always runs for who has it", async () => {
  await using started = await start(staticRuntime([]));
  for (const kind of ["adapter", "tool", "adapter"] as const) {
    const { uid } = await create(kind, "handed-on");
    await until(`the ${kind}`, () => started.runtime.wanted("handed-on")?.uid === uid);
    expect(started.runtime.wanted("handed-on")?.kind).toBe(kind);
    await store.markDeleting(kind, "handed-on", 1, author);
    await until("the purge", async () => !(await store.get(kind, "handed-on")));
    expect(started.runtime.wanted("handed-on")).toBeUndefined();
  }
});

test("a server and a workload of one name do not wait for each other", async () => {
  const runtime = staticRuntime([]);
  const { promise: gone, resolve: end } = Promise.withResolvers<void>();
  const slow = { ...runtime, remove: (name: string) => gone.then(() => runtime.remove(name)) };
  await using started = await start(slow);
  await create("adapter", "twin");
  await create("server", "twin");
  await store.markDeleting("adapter", "twin", 1, author);
  await started.reconciler.observe("adapter", "twin");
  await store.markDeleting("server", "twin", 1, author);
  await started.reconciler.observe("server", "twin");
  await started.reconciler.settled("server", "twin");
  expect(await store.get("server", "twin")).toBeUndefined();
  expect((await store.get("adapter", "twin"))?.deleting).toBe(true);
  end();
  await started.reconciler.settled("adapter", "twin");
  expect(await store.get("adapter", "twin")).toBeUndefined();
});

test("a purge that fails is told and tried again", async () => {
  let failures = 1;
  const purge: Store["purge"] = async (...which) => {
    if (failures-- > 0) throw new Error("the store is down");
    await store.purge(...which);
  };
  await create("server", "stubborn");
  await store.markDeleting("server", "stubborn", 1, author);
  await using started = await start(staticRuntime([]), { ...store, purge });
  await until("the purge", async () => !(await store.get("server", "stubborn")));
  expect(started.failed).toEqual([{ kind: "server", name: "stubborn", attempt: 1, retryInMs: 500 }]);
});

test("what is settled is gone from this gateway's view too, however late the news of it comes", async () => {
  await create("server", "late");
  const silent = { ...store, subscribe: async () => async () => undefined };
  await using started = await start(staticRuntime([]), silent);
  expect(started.view.get("server", "late")).toBeDefined();
  await store.markDeleting("server", "late", 1, author);
  await started.reconciler.observe("server", "late");
  await started.reconciler.settled("server", "late");
  expect(started.view.get("server", "late")).toBeUndefined();
});

test("a change of a tool's definition restarts no replica, one of its image's settings does", async () => {
  await using bench = await openBench();
  const { runtime } = bench;
  const applied: number[] = [];
  const noting: Runtime = {
    ...runtime,
    async apply(wanted) {
      await runtime.apply(wanted);
      applied.push(wanted.port);
    },
  };
  const body = toolBody("defined", { imageName: "server" });
  await store.create("tool", "defined", body, author);
  await using _ = await start(noting);
  const [before] = await readyEndpoints(runtime, 1, "defined");

  const tool = { ...body.toolDefinition.tool, description: "What it does, in other words" };
  const redefined = { ...body, toolDefinition: { tool, port: 9000, path: "/v2" } };
  await store.update("tool", "defined", 1, redefined, author);
  await until("the new definition", () => applied.includes(9000));
  expect(await runtime.status(workload({ name: "defined" }))).toMatchObject({
    updated: 1,
    replicas: [{ state: "ready" }],
  });
  expect(runtime.endpoints.of("defined").map(({ id }) => id)).toEqual([before?.id ?? ""]);

  await store.update("tool", "defined", 2, { ...redefined, imageVersion: "2" }, author);
  await until("the successor", () => runtime.endpoints.of("defined").some(({ id }) => id !== before?.id));
});

test("what drifts is put right again, and who closes hears of no drift", async () => {
  const drifts = drift();
  const runtime = { ...staticRuntime([]), onDrift: drifts.onDrift };
  await create("adapter", "drifting");
  {
    await using _ = await start(runtime);
    await until("the workload", () => runtime.wanted("drifting"));
    await runtime.remove("drifting");
    drifts.of("drifting");
    await until("the repair", () => runtime.wanted("drifting"));
    await runtime.apply(workload({ name: "intruder" }));
    drifts.of("intruder");
    await until("the intruder's end", () => !runtime.wanted("intruder"));
  }
  expect(drifts.listeners.size).toBe(0);
});

test("a new wish is tried at once, however long a failing one would have waited; drift is not", async () => {
  const runtime = staticRuntime([]);
  const drifts = drift();
  const attempts: number[] = [];
  const failing: Runtime = {
    ...runtime,
    onDrift: drifts.onDrift,
    async apply(wanted) {
      attempts.push(wanted.revision);
      if (wanted.revision === 1) throw new Error("no such image");
      await runtime.apply(wanted);
    },
  };
  const { begunMs, pause } = endlessPauses();
  await create("adapter", "mended");
  await using started = await startControlPlane(failing, store, { pause });
  await until("the pause", () => begunMs.length === 1);
  drifts.of("mended");
  await create("server", "later");
  await until("later news", () => started.view.get("server", "later"));
  expect(attempts).toEqual([1]);
  await store.update("adapter", "mended", 1, bodies.adapter("mended"), author);
  await until("the new wish", () => runtime.wanted("mended")?.revision === 2);
  expect(attempts).toEqual([1, 2]);
});

test("what another gateway has started is no leftover, however late the news of its record comes", async () => {
  const silent = { ...store, subscribe: async () => async () => undefined };
  const runtime = staticRuntime([]);
  const removed: string[] = [];
  const drifts = drift();
  const remove = async (name: string) => {
    removed.push(name);
    await runtime.remove(name);
  };
  await using started = await start({ ...runtime, onDrift: drifts.onDrift, remove }, silent);
  const { uid } = await create("tool", "just-made");
  await runtime.apply(workload({ name: "just-made" }));
  expect(started.view.get("tool", "just-made")).toBeUndefined();
  drifts.of("just-made");
  await until("its own wish", () => runtime.wanted("just-made")?.uid === uid);
  expect(removed).toEqual([]);
});
