import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Runtime } from "../../gateway/runtime/runtime.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Kind, Store } from "../../gateway/store/store.ts";
import { workload } from "../runtime/workload.ts";
import { adapterBody, author, bodies, written } from "../store/records.ts";
import { staticRuntime } from "../support/static-runtime.ts";
import { until } from "../support/until.ts";
import { drift, endlessPauses, lead, startControlPlane } from "./stand.ts";

let store: Store;
beforeEach(async () => {
  store = await openPglite({});
});
afterEach(() => store[Symbol.asyncDispose]());

const create = async <K extends Kind>(kind: K, name: string) =>
  written(await store.create(kind, name, bodies[kind](name), author));

/** Notes what this gateway does to the cluster and to the store, and lets the test hold a step. */
function noting(cluster: Runtime, done: string[], hold: (step: string) => Promise<void> = async () => undefined) {
  const step = async (name: string, take: () => Promise<void>) => {
    done.push(name);
    await hold(name);
    await take();
  };
  const runtime: Runtime = {
    ...cluster,
    apply: (wanted) => step(`apply ${wanted.name}`, () => cluster.apply(wanted)),
    remove: (name) => step(`remove ${name}`, () => cluster.remove(name)),
  };
  const purge: Store["purge"] = (kind, name, uid) => step(`purge ${name}`, () => store.purge(kind, name, uid));
  return { runtime, store: { ...store, purge } };
}

test("only the leading gateway works; the others see what happens, and wait for it", async () => {
  const cluster = staticRuntime([]);
  const leading = lead<"one" | "two">("one");
  const idle: string[] = [];
  const other = noting(cluster, idle);
  await using one = await startControlPlane(cluster, store, { leadership: leading.of("one") });
  await using two = await startControlPlane(other.runtime, other.store, { leadership: leading.of("two") });

  const { uid } = await create("adapter", "made");
  await create("server", "made");
  await two.reconciler.observe("adapter", "made");
  expect(two.view.get("adapter", "made")?.uid).toBe(uid);
  await until("the workload", () => cluster.wanted("made"));

  for (const kind of ["adapter", "server"] as const) {
    await store.markDeleting(kind, "made", 1, author);
    await two.reconciler.observe(kind, "made");
    await two.reconciler.settled(kind, "made");
    expect(await store.get(kind, "made")).toBeUndefined();
    expect(two.view.get(kind, "made")).toBeUndefined();
  }
  expect(cluster.wanted("made")).toBeUndefined();
  expect(one.failed).toEqual([]);
  expect(idle).toEqual([]);
});

test("who gets the lead looks at everything at once", async () => {
  const cluster = staticRuntime([]);
  await cluster.apply(workload({ name: "leftover" }));
  await create("adapter", "waiting");
  for (const kind of ["tool", "server"] as const) {
    await create(kind, `marked-${kind}`);
    await store.markDeleting(kind, `marked-${kind}`, 1, author);
  }
  const leading = lead<"one">(undefined);
  const done: string[] = [];
  const { runtime, store: noted } = noting(cluster, done);
  await using one = await startControlPlane(runtime, noted, { leadership: leading.of("one") });
  await one.reconciler.observe("adapter", "waiting");
  expect(done).toEqual([]);

  leading.give("one");
  await until("the workload", () => cluster.wanted("waiting"));
  await until("the leftover's end", () => !cluster.wanted("leftover"));
  for (const kind of ["tool", "server"] as const) {
    await until(`the purge of the ${kind}`, async () => !(await store.get(kind, `marked-${kind}`)));
  }
});

test("who loses the lead in the middle of a deletion takes no further step; who gets it finishes", async () => {
  const cluster = staticRuntime([]);
  const leading = lead<"one" | "two">("one");
  const held = Promise.withResolvers<void>();
  const byOne: string[] = [];
  const byTwo: string[] = [];
  const first = noting(cluster, byOne, (step) => (step === "remove handed-on" ? held.promise : Promise.resolve()));
  const second = noting(cluster, byTwo);
  await using one = await startControlPlane(first.runtime, first.store, { leadership: leading.of("one") });
  await using two = await startControlPlane(second.runtime, second.store, { leadership: leading.of("two") });

  await create("adapter", "handed-on");
  await until("the workload", () => cluster.wanted("handed-on"));
  await store.markDeleting("adapter", "handed-on", 1, author);
  await until("its removal", () => byOne.includes("remove handed-on"));
  leading.give(undefined);
  const settledByOne = one.reconciler.settled("adapter", "handed-on");
  held.resolve();
  await until("the workload's end", () => !cluster.wanted("handed-on"));
  // A whole round through the store, in which a purge would have come.
  await create("server", "later");
  await until("later news", () => one.view.get("server", "later"));
  expect((await store.get("adapter", "handed-on"))?.deleting).toBe(true);

  leading.give("two");
  await Promise.all([settledByOne, two.reconciler.settled("adapter", "handed-on")]);
  expect(await store.get("adapter", "handed-on")).toBeUndefined();
  expect(byOne).toEqual(["apply handed-on", "remove handed-on"]);
  // The purge's own news may bring it there once more.
  expect(byTwo.slice(0, 2)).toEqual(["remove handed-on", "purge handed-on"]);
});

test("who loses the lead stops trying what failed, and begins anew when it comes back", async () => {
  const cluster = staticRuntime([]);
  const leading = lead<"one">("one");
  const done: string[] = [];
  let down = true;
  const { runtime, store: noted } = noting(cluster, done, async () => {
    if (down) throw new Error("the cluster is down");
  });
  await create("adapter", "tried");
  const { begunMs, pause } = endlessPauses();
  await using one = await startControlPlane(runtime, noted, { leadership: leading.of("one"), pause });
  await until("the pause", () => begunMs.length === 1);
  leading.give(undefined);
  // Nothing is under way any more: neither a step nor a pause before the next one.
  await one.reconciler.settled("adapter", "tried");
  expect(done).toEqual(["apply tried"]);
  down = false;
  leading.give("one");
  await until("the workload", () => cluster.wanted("tried"));
  expect(one.failed).toEqual([{ kind: "workload", name: "tried", attempt: 1, retryInMs: 500 }]);
});

test("a lead that goes and comes back while a step is under way leaves nothing undone", async () => {
  const cluster = staticRuntime([]);
  const leading = lead<"one">("one");
  const held = Promise.withResolvers<void>();
  const done: string[] = [];
  const { runtime, store: noted } = noting(cluster, done, () => (done.length === 1 ? held.promise : Promise.resolve()));
  await create("adapter", "busy");
  await using one = await startControlPlane(runtime, noted, { leadership: leading.of("one") });
  await until("the step", () => done.length === 1);
  leading.give(undefined);
  await store.update("adapter", "busy", 1, adapterBody("busy", { replicaCount: 3 }), author);
  await one.reconciler.observe("adapter", "busy");
  leading.give("one");
  held.resolve();
  await until("the new wish", () => cluster.wanted("busy")?.replicaCount === 3);
});

test("whoever waits for a gateway that does not lead waits no longer than the limit", async () => {
  const leading = lead<"one">(undefined);
  const limited = { leadership: leading.of("one"), settleLimitMs: 50 };
  await create("adapter", "stuck");
  await using one = await startControlPlane(staticRuntime([]), store, limited);
  // It is not being deleted: there is nothing to wait for.
  await one.reconciler.settled("adapter", "stuck");
  await store.markDeleting("adapter", "stuck", 1, author);
  await one.reconciler.observe("adapter", "stuck");
  await one.reconciler.settled("adapter", "stuck");
  expect((await store.get("adapter", "stuck"))?.deleting).toBe(true);
});

test("drift concerns the leading gateway alone", async () => {
  const cluster = staticRuntime([]);
  const leading = lead<"one" | "two">("one");
  const drifts = drift();
  const { onDrift } = drifts;
  const idle: string[] = [];
  const other = noting({ ...cluster, onDrift }, idle);
  await create("adapter", "drifting");
  await using _one = await startControlPlane({ ...cluster, onDrift }, store, { leadership: leading.of("one") });
  await using _two = await startControlPlane(other.runtime, other.store, { leadership: leading.of("two") });
  await until("the workload", () => cluster.wanted("drifting"));
  await cluster.remove("drifting");
  drifts.of("drifting");
  await until("the repair", () => cluster.wanted("drifting"));
  expect(drifts.listeners.size).toBe(2);
  expect(idle).toEqual([]);
});
