import type { Runtime, Workload } from "../../gateway/runtime/runtime.ts";
import type { Store } from "../../gateway/store/store.ts";
import { staticRuntime } from "../support/static-runtime.ts";

/** Where a gateway dies: at its n-th step, before it is taken or before anybody hears that it was. */
export type Death = { readonly step: number; readonly when: "before" | "after" };

/** What a gateway does to the world outside, one step after the other, until it dies. */
export type Life = {
  step<Answer>(take: () => Promise<Answer>): Promise<Answer>;
  dead(): boolean;
  /** Resolves at its death. */
  readonly over: Promise<void>;
};

export function life(death?: Death): Life {
  let steps = 0;
  let dead = false;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const dieIf = (now: boolean) => {
    if (!now && !dead) return;
    dead = true;
    resolve();
    throw new Error("the gateway is dead");
  };
  return {
    async step(take) {
      dieIf(false);
      steps++;
      const isLast = steps === death?.step;
      dieIf(isLast && death.when === "before");
      const answer = await take();
      dieIf(isLast);
      return answer;
    },
    dead: () => dead,
    over,
  };
}

/** A cluster that outlives gateways: of each workload two objects, made and taken away one by one. */
export function cluster() {
  const services = new Map<string, Workload>();
  const sets = new Map<string, Workload>();
  const all = [services, sets];

  /** How a gateway reaches it. Only a step that changes something counts. */
  function runtime({ step }: Life): Runtime {
    return {
      ...staticRuntime([]),
      async apply(workload) {
        for (const objects of all) {
          const known = objects.get(workload.name);
          const isSame = known?.uid === workload.uid && known.revision === workload.revision;
          if (!isSame) await step(async () => objects.set(workload.name, workload));
        }
      },
      async remove(name) {
        for (const objects of all.toReversed()) if (objects.has(name)) await step(async () => objects.delete(name));
      },
      names: async () => [...new Set(all.flatMap((objects) => [...objects.keys()]))],
    };
  }

  /** Both objects, or what there is of them. */
  const objectsOf = (name: string) => all.flatMap((objects) => objects.get(name) ?? []);
  return { runtime, objectsOf };
}

/** A store as a mortal gateway reaches it. */
export function mortalStore(store: Store, { step }: Life): Store {
  return {
    ...store,
    create: (...asked) => step(() => store.create(...asked)),
    update: (...asked) => step(() => store.update(...asked)),
    markDeleting: (...asked) => step(() => store.markDeleting(...asked)),
    purge: (...asked) => step(() => store.purge(...asked)),
  };
}
