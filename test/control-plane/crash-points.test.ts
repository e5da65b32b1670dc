import { afterAll, beforeAll, expect, test } from "bun:test";
import { AdapterData } from "../../openapi/adapters.ts";
import { accessRules } from "../../gateway/auth/access.ts";
import { type AdapterVerbs, adapterVerbs } from "../../gateway/control-plane/adapters.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Resource, Store } from "../../gateway/store/store.ts";
import { until } from "../support/until.ts";
import { cluster, type Death, life, mortalStore } from "./mortal.ts";
import { endlessPauses, lead, startControlPlane } from "./stand.ts";

let store: Store;
beforeAll(async () => {
  store = await openPglite({});
});
afterAll(() => store[Symbol.asyncDispose]());

const world = cluster();
const access = accessRules({ admin: "mcp.admin", workloadIdentity: [] });
const ada = { key: "dev:ada", id: "ada", name: "Ada", roles: [] };

/** Names that were free again while something still ran by them. */
const freedEarly: string[] = [];

const purgeNoting: Store["purge"] = (kind, name, uid) => {
  if (world.objectsOf(name).length > 0) freedEarly.push(name);
  return store.purge(kind, name, uid);
};

/** A gateway over the one store and the one cluster, from its verbs to the runtime. */
async function openGateway(death?: Death, leadership = lead<"it">("it").of("it")) {
  const mortal = life(death);
  const reached = mortalStore({ ...store, purge: purgeNoting }, mortal);
  const runtime = world.runtime(mortal);
  const started = await startControlPlane(runtime, reached, { leadership, pause: endlessPauses().pause });
  const { reconciler } = started;
  const events = { resourceWritten: () => undefined };
  const verbs = adapterVerbs({
    access,
    store: reached,
    runtime,
    reconciler,
    events,
    now: () => new Date(),
    exposureOf: async () => null,
  });
  return { ...mortal, verbs, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
}

/** Whether what runs is what the record says, all of it and nothing else. */
async function agrees(name: string): Promise<boolean> {
  const record = await store.get("adapter", name);
  const objects = world.objectsOf(name);
  if (!record) return objects.length === 0;
  const { replicaCount, imageVersion } = record.body;
  const isAsRecorded = (object: (typeof objects)[number]) =>
    object.uid === record.uid &&
    object.revision === record.revision &&
    object.replicaCount === replicaCount &&
    object.imageVersion === imageVersion;
  return !record.deleting && objects.length === 2 && objects.every(isAsRecorded);
}

type Change = {
  /** What it does to the outside: the record, each object in the cluster, the purge. */
  readonly steps: number;
  readonly make: (verbs: AdapterVerbs, name: string) => Promise<{ state: string }>;
  /** Whether the record is as whoever was told of success may expect. */
  readonly holds: (record: Resource<"adapter"> | undefined) => boolean;
};

const data = (name: string, changes: Partial<AdapterData> = {}) =>
  AdapterData.parse({ name, imageName: "mcp-example", imageVersion: "1", ...changes });

const changes: Record<"create" | "update" | "scale" | "delete", Change> = {
  create: {
    steps: 3,
    make: (verbs, name) => verbs.create(ada, data(name), "r"),
    holds: (record) => record?.revision === 1,
  },
  update: {
    steps: 3,
    make: (verbs, name) => verbs.update(ada, name, data(name, { imageVersion: "2" }), undefined, "r"),
    holds: (record) => record?.body.imageVersion === "2",
  },
  scale: {
    steps: 3,
    make: (verbs, name) => verbs.update(ada, name, data(name, { replicaCount: 3 }), undefined, "r"),
    holds: (record) => record?.body.replicaCount === 3,
  },
  delete: {
    steps: 4,
    make: (verbs, name) => verbs.remove(ada, name, undefined, "r"),
    holds: (record) => record === undefined,
  },
};

const table = Object.entries(changes).flatMap(([name, change]) =>
  (["restarted", "standing by"] as const).flatMap((successor) =>
    (["before", "after"] as const).flatMap((when) =>
      Array.from({ length: change.steps }, (_, index) => [name, index + 1, when, successor, change] as const),
    ),
  ),
);

test.each(table)("%s, dead at step %i, %s it: a gateway that is %s brings agreement", async (...row) => {
  const [kind, step, when, successor, change] = row;
  const name = `${kind}-${step}-${when}-${successor.slice(0, 5)}`.replace(" ", "");
  if (kind !== "create") {
    await using before = await openGateway();
    await before.verbs.create(ada, data(name), "r");
    await until("the beginning", () => agrees(name));
  }

  const leading = lead<"first" | "second">("first");
  await using standby = successor === "standing by" ? await openGateway(undefined, leading.of("second")) : undefined;
  let wasTold = false;
  {
    await using mortal = await openGateway({ step, when }, leading.of("first"));
    const told = change.make(mortal.verbs, name).then(
      ({ state }) => state === "written",
      () => false,
    );
    wasTold = await Promise.race([told, mortal.over.then(() => false)]);
    await mortal.over;
    expect(mortal.dead()).toBe(true);
  }
  leading.give("second");
  await using restarted = standby ? undefined : await openGateway(undefined, leading.of("second"));
  await until("agreement", () => agrees(name));
  expect((standby ?? restarted)?.dead()).toBe(false);
  expect(freedEarly).toEqual([]);
  const record = await store.get("adapter", name);
  // Told of it or not: what was written before the end stays written.
  const isWritten = wasTold || step > 1 || when === "after";
  expect(change.holds(record)).toBe(isWritten);
});

test("a change that nobody dies of has as many steps as the table", async () => {
  for (const [kind, { steps, make }] of Object.entries(changes)) {
    const name = `unbroken-${kind}`;
    if (kind !== "create") {
      await using before = await openGateway();
      await before.verbs.create(ada, data(name), "r");
      await until("the beginning", () => agrees(name));
    }
    await using gateway = await openGateway({ step: steps + 1, when: "before" });
    await make(gateway.verbs, name);
    await until("agreement", () => agrees(name));
    expect(gateway.dead()).toBe(false);
  }
});
