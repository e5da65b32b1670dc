import { type Store, StoreUnavailable } from "./store.ts";

export type TimedStoreEvents = {
  storeAnswered(what: { operation: string; result: string; seconds: number }): void;
};

/** A store whose answers are counted and timed. `now`: milliseconds of a clock that never goes back. */
export function timedStore(store: Store, { now, events }: { now: () => number; events: TimedStoreEvents }): Store {
  return {
    get: (...asked) => timed("get", () => store.get(...asked)),
    list: (...asked) => timed("list", () => store.list(...asked)),
    create: (...asked) => timed("create", () => store.create(...asked)),
    update: (...asked) => timed("update", () => store.update(...asked)),
    markDeleting: (...asked) => timed("mark_deleting", () => store.markDeleting(...asked)),
    purge: (...asked) => timed("purge", () => store.purge(...asked)),
    recordCalls: (...asked) => timed("record_calls", () => store.recordCalls(...asked)),
    audit: (...asked) => timed("audit", () => store.audit(...asked)),
    purgeAudit: (...asked) => timed("purge_audit", () => store.purgeAudit(...asked)),
    subscribe: (...asked) => timed("subscribe", () => store.subscribe(...asked)),
    changesAgeMs: () => store.changesAgeMs(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };

  async function timed<Answer>(operation: string, ask: () => Promise<Answer>): Promise<Answer> {
    const beginMs = now();
    let result = "failed";
    try {
      const answer = await ask();
      result = isOvertaken(answer) ? "conflict" : "ok";
      return answer;
    } catch (error) {
      if (error instanceof StoreUnavailable) result = "unavailable";
      throw error;
    } finally {
      events.storeAnswered({ operation, result, seconds: (now() - beginMs) / 1000 });
    }
  }
}

/** A write that was not made, since somebody else was faster. */
function isOvertaken(answer: unknown): boolean {
  if (typeof answer !== "object" || answer === null || !("state" in answer)) return false;
  return answer.state === "exists" || answer.state === "stale" || answer.state === "absent";
}
