import type { RestorableStore } from "../store.ts";

/** What a dry run finds where a store would be made: nothing, and no way to write. */
export function notThereYet(): RestorableStore {
  const refuse = () => Promise.reject(new Error("A dry run writes nothing."));
  return {
    get: async () => undefined,
    list: async () => [],
    audit: async () => ({ state: "read", entries: [], next: null }),
    subscribe: async () => async () => undefined,
    changesAgeMs: () => undefined,
    create: refuse,
    update: refuse,
    markDeleting: refuse,
    purge: refuse,
    recordCalls: refuse,
    purgeAudit: refuse,
    restore: refuse,
    restoreAudit: refuse,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
