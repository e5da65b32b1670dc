import { type Store, StoreUnavailable } from "../../gateway/store/store.ts";

/**
 * How a store is away: it `refuses` at once, it is `silent` and gives no answer, or it does what it is asked and the answer
 * is `lost`.
 */
export type Outage = "refuses" | "silent" | "lost";

export type FailingStore = {
  readonly store: Store;
  /** From now on every call fails, and no change is told. */
  down(outage?: Outage): void;
  /** What happened meanwhile stays untold. Calls that had no answer never get one. */
  up(): void;
};

/** A real store that can be switched off and on. What goes to `real` itself is another gateway's doing. */
export function failingStore(real: Store): FailingStore {
  let outage: Outage | undefined;

  async function ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    if (outage === undefined) return call();
    if (outage === "silent") return Promise.withResolvers<Answer>().promise;
    if (outage === "lost") await call();
    throw new StoreUnavailable("connection refused by a database that a test switched off");
  }

  return {
    store: {
      get: (...asked) => ask(() => real.get(...asked)),
      list: (...asked) => ask(() => real.list(...asked)),
      create: (...asked) => ask(() => real.create(...asked)),
      update: (...asked) => ask(() => real.update(...asked)),
      markDeleting: (...asked) => ask(() => real.markDeleting(...asked)),
      purge: (...asked) => ask(() => real.purge(...asked)),
      recordCalls: (...asked) => ask(() => real.recordCalls(...asked)),
      audit: (...asked) => ask(() => real.audit(...asked)),
      purgeAudit: (...asked) => ask(() => real.purgeAudit(...asked)),
      subscribe: (onChange) => ask(() => real.subscribe((change) => outage === undefined && onChange(change))),
      changesAgeMs: () => real.changesAgeMs(),
      [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
    },
    down(how = "refuses") {
      outage = how;
    },
    up() {
      outage = undefined;
    },
  };
}
