import { afterEach, beforeEach, expect, test } from "bun:test";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Kind, Store } from "../../gateway/store/store.ts";
import { adapterBody, author, bodies, written } from "../store/records.ts";
import { failingStore, type Outage } from "../support/failing-store.ts";
import { until } from "../support/until.ts";
import { foundStand, startRegistrar, usable } from "./found-stand.ts";
import { type Death, life, mortalStore } from "./mortal.ts";
import { endlessPauses, lead } from "./stand.ts";

let store: Store;
let stand: ReturnType<typeof foundStand>;
beforeEach(async () => {
  store = await openPglite({});
  stand = foundStand();
});
afterEach(() => store[Symbol.asyncDispose]());

const record = (name = "weather") => store.get("adapter", name);
const registered = (name = "weather") => until(`${name} is registered`, () => record(name));
const gone = (name = "weather") => until(`${name} is gone`, async () => !(await record(name)));
const create = async <K extends Kind>(kind: K, name: string) =>
  written(await store.create(kind, name, bodies[kind](name), author));

/** What was done to this name, in order. */
async function trail(name = "weather") {
  const read = await store.audit({ limit: 100, name });
  if (read.state !== "read") throw new Error(read.state);
  return read.entries.map(({ actor, action, requestId }) => `${actor} ${action} ${requestId}`).toReversed();
}

test("a record says what was found, who manages it, and belongs to nobody", async () => {
  const now = () => Date.UTC(2026, 10, 23, 9);
  await using _ = await startRegistrar(stand.found, store, { now });
  stand.put("weather", usable({ description: "Forecasts" }));
  expect((await registered()).body).toEqual({
    id: "weather",
    name: "weather",
    imageName: "mcp-example",
    imageVersion: "1",
    environmentVariables: {},
    replicaCount: 2,
    description: "Forecasts",
    useWorkloadIdentity: false,
    requiredRoles: ["mcp.dev"],
    pod: null,
    allowedTools: null,
    exposeTools: false,
    affinity: "principal",
    managedBy: "kubernetes",
    createdBy: "kubernetes",
    createdAt: "2026-11-23T09:00:00.000Z",
    lastUpdatedAt: "2026-11-23T09:00:00.000Z",
    owner: "kubernetes",
  });
});

test("what is there at the start is registered, followed, and unregistered when it has gone; each step is in the trail", async () => {
  stand.put("weather", usable());
  await using started = await startRegistrar(stand.found, store);
  const { uid } = await registered();
  stand.put("weather", usable({ replicaCount: 3 }));
  const updated = await until("the update", async () => {
    const now = await record();
    return now?.revision === 2 && now;
  });
  expect([updated.uid, updated.body.replicaCount]).toEqual([uid, 3]);
  stand.remove("weather");
  await gone();
  await until("the view is up to date", () => !started.view.get("adapter", "weather"));
  expect(await trail()).toEqual([
    "kubernetes create registrar",
    "kubernetes update registrar",
    "kubernetes delete registrar",
  ]);
  expect(started.failed).toEqual([]);
});

test("what went while no gateway was there is unregistered by the next one; records of others stay", async () => {
  {
    await using _ = await startRegistrar(stand.found, store);
    stand.put("weather", usable());
    await registered();
  }
  stand.remove("weather");
  await create("adapter", "ours");
  await create("tool", "tool");
  await using _ = await startRegistrar(stand.found, store);
  await gone();
  expect(await record("ours")).toBeDefined();
  expect(await store.get("tool", "tool")).toBeDefined();
});

test("a single pod that is replaced keeps its record", async () => {
  let nowMs = 0;
  await using _ = await startRegistrar(stand.found, store, { lingerMs: 50, now: () => nowMs });
  stand.put("weather", usable());
  const { uid } = await registered();
  stand.remove("weather");
  // It lingers, and comes back before the time is over.
  nowMs = 49;
  stand.put("weather", usable({ imageVersion: "2" }));
  await until("the update", async () => (await record())?.body.imageVersion === "2");
  nowMs = 1000;
  stand.put("later", usable());
  await registered("later");
  expect((await record())?.uid).toBe(uid);
  stand.remove("weather");
  nowMs = 1050;
  await gone();
});

test("a name that is taken is refused with the reason, and registered when it is free", async () => {
  const { uid } = await create("tool", "weather");
  await using _ = await startRegistrar(stand.found, store);
  stand.put("weather", usable());
  await until("the refusal", () => stand.refusalOf("weather"));
  expect(stand.refusalOf("weather")).toBe('The name "weather" is taken by a tool that was registered over REST.');
  expect(await record()).toBeUndefined();
  await store.markDeleting("tool", "weather", 1, author);
  await store.purge("tool", "weather", uid);
  await registered();
  await until("nothing stands against it", () => stand.refusalOf("weather") === undefined);
});

test("of a caller and the registrar who want a name at the same moment one gets it, and the other is told", async () => {
  const started = Array.from({ length: 20 }, (_, index) => `weather-${index}`);
  await using _ = await startRegistrar(stand.found, store);
  const answers = await Promise.all(
    started.map((name, index) => {
      // Now the one is first, now the other.
      if (index % 2 === 0) stand.put(name, usable());
      const creating = store.create("adapter", name, adapterBody(name), author);
      if (index % 2 === 1) stand.put(name, usable());
      return creating;
    }),
  );
  for (const [index, name] of started.entries()) {
    const { body } = await registered(name);
    const isCallers = answers[index]?.state === "written";
    expect([name, body.managedBy]).toEqual([name, isCallers ? undefined : "kubernetes"]);
    if (isCallers) await until("the refusal", () => stand.refusalOf(name));
  }
});

test("of two gateways the leading one registers; the other goes on when it leads", async () => {
  const leading = lead<"one" | "two">("one");
  await using _one = await startRegistrar(stand.found, store, { leadership: leading.of("one") });
  await using two = await startRegistrar(stand.found, store, { leadership: leading.of("two") });
  stand.put("weather", usable());
  const { uid } = await registered();
  await until("both know", () => two.view.get("adapter", "weather"));
  expect(await trail()).toEqual(["kubernetes create registrar"]);

  leading.give(undefined);
  stand.put("weather", usable({ replicaCount: 5 }));
  stand.put("later", usable());
  await create("adapter", "ours");
  await until("later news", () => two.view.get("adapter", "ours"));
  expect([(await record())?.revision, await record("later")]).toEqual([1, undefined]);
  leading.give("two");
  await registered("later");
  await until("the update", async () => (await record())?.revision === 2);
  expect((await record())?.uid).toBe(uid);
  expect(await trail()).toEqual(["kubernetes create registrar", "kubernetes update registrar"]);
});

test("two gateways that both think that they lead do no harm", async () => {
  await using one = await startRegistrar(stand.found, store);
  await using two = await startRegistrar(stand.found, store);
  for (const name of ["a", "b", "c", "d"]) stand.put(name, usable());
  for (const name of ["a", "b", "c", "d"]) await registered(name);
  for (const name of ["a", "b", "c", "d"]) stand.put(name, usable({ replicaCount: 7 }));
  for (const name of ["a", "b", "c", "d"]) {
    await until(`${name} is changed`, async () => (await record(name))?.body.replicaCount === 7);
  }
  for (const name of ["a", "b", "c", "d"]) stand.remove(name);
  for (const name of ["a", "b", "c", "d"]) await gone(name);
  for (const name of ["a", "b", "c", "d"]) {
    expect((await trail(name)).toSorted().map((line) => line.split(" ")[1])).toEqual(["create", "delete", "update"]);
  }
  expect([one.failed, two.failed]).toEqual([[], []]);
});

test("who gains the lead again has seen nothing meanwhile, and lets what is gone linger anew", async () => {
  let nowMs = 0;
  const leading = lead<"it">("it");
  const options = { leadership: leading.of("it"), lingerMs: 10_000, now: () => nowMs };
  await using started = await startRegistrar(stand.found, store, options);
  stand.put("weather", usable());
  await registered();
  stand.remove("weather");
  await until("that it is missed", () => stand.isMissed("weather"));
  leading.give(undefined);
  nowMs = 60_000;
  leading.give("it");
  stand.put("second", usable());
  await registered("second");
  await until("it is seen", () => started.view.get("adapter", "second"));
  expect((await record())?.deleting).toBe(false);
});

const outages: Outage[] = ["refuses", "lost"];
test.each(outages)("a database that %s is asked again until each step is made", async (outage) => {
  const failing = failingStore(store);
  const { begunMs, pause } = endlessPauses();
  await using started = await startRegistrar(stand.found, failing.store, { pause });
  const tried = async (act: () => void) => {
    const before = begunMs.length;
    failing.down(outage);
    act();
    await until("it is tried", () => begunMs.length > before);
    failing.up();
  };
  await tried(() => stand.put("weather", usable()));
  stand.put("weather", usable());
  // While the view has yet to hear of a write, nothing else is tried.
  const replicas = () => started.view.get("adapter", "weather")?.body.replicaCount;
  await until("it is registered", () => replicas() === 2);
  await tried(() => stand.put("weather", usable({ replicaCount: 3 })));
  stand.put("weather", usable({ replicaCount: 4 }));
  await until("the update", () => replicas() === 4);
  await tried(() => stand.remove("weather"));
  stand.remove("weather");
  await gone();
  expect(started.failed[0]).toEqual({ adapter: "weather", attempt: 1, retryInMs: 500 });
});

/** Of a registration the record; of an end the mark and the purge. */
const steps = { create: 1, update: 1, remove: 2 } as const;
const deaths = (Object.keys(steps) as (keyof typeof steps)[]).flatMap((change) =>
  Array.from({ length: steps[change] }, (_, index) =>
    (["before", "after"] as const).map((when) => [change, index + 1, when] as const),
  ).flat(),
);

test.each(deaths)("%s, dead at step %i, %s it: the next gateway finishes", async (change, step, when) => {
  if (change !== "create") {
    await using _ = await startRegistrar(stand.found, store);
    stand.put("weather", usable());
    await registered();
  }
  const death: Death = { step, when };
  {
    const mortal = life(death);
    await using _ = await startRegistrar(stand.found, mortalStore(store, mortal), { pause: endlessPauses().pause });
    if (change === "remove") stand.remove("weather");
    else stand.put("weather", usable(change === "update" ? { replicaCount: 3 } : {}));
    await mortal.over;
  }
  await using _ = await startRegistrar(stand.found, store);
  if (change === "remove") return void (await gone());
  await until("agreement", async () => (await record())?.body.replicaCount === (change === "update" ? 3 : 2));
  expect((await trail()).filter((line) => line.includes(change))).toHaveLength(1);
});

test("who closes before the view has heard of a write is closed", async () => {
  const created = Promise.withResolvers<void>();
  const deaf: Store = {
    ...store,
    get: () => Promise.reject(new Error("the store cannot be read")),
    async create(...asked) {
      const answer = await store.create(...asked);
      created.resolve();
      return answer;
    },
  };
  const started = await startRegistrar(stand.found, deaf);
  stand.put("weather", usable());
  await created.promise;
  await started[Symbol.asyncDispose]();
  expect((await registered()).body.managedBy).toBe("kubernetes");
});

test("who closes in the middle of a retry or a wait is closed", async () => {
  const failing = failingStore(store);
  const started = await startRegistrar(stand.found, failing.store, { lingerMs: 3_600_000 });
  stand.put("lingers", usable());
  await registered("lingers");
  stand.remove("lingers");
  failing.down();
  stand.put("weather", usable());
  await until("the failure", () => started.failed.length > 0);
  await started[Symbol.asyncDispose]();
  expect(stand.listeners.size).toBe(0);
});
