import type { GuardFailure } from "../../gateway/assertion/assertion.ts";
import type { Log } from "../../gateway/observe/logs/log.ts";
import { sparing } from "../../gateway/observe/logs/sparing.ts";
import type { Metrics } from "./metrics.ts";
import type { RefusalReason } from "./refusal.ts";

/** One function per thing worth knowing: it logs and counts, so that the two agree. Assertions and bodies never get here. */
export type GuardEvents = ReturnType<typeof guardEvents>;

/** Of one kind of trouble, which may come with every request. */
const sayEveryMs = 10_000;

export function guardEvents(log: Log, metrics: Metrics, now: () => number) {
  const say = sparing({ everyMs: sayEveryMs, now });
  return {
    listening: (at: { url: string; health: string; audience: string; startMs: number }) =>
      log.info(at, "guard listening"),
    stopping: (signal: string) => log.info({ signal }, "guard stopping"),
    stopped: () => log.info("guard stopped"),
    keysRead: (what: { keys: number; added: number; removed: number }) => log.info(what, "the gateway's keys read"),
    keysUnreadable: (what: { reason: string; kept: number }) =>
      log.warn(what, "the gateway's keys cannot be read, those known stay in use"),
    /** `from`: the address of whoever asked last. */
    requestRefused(reason: RefusalReason, from: string | undefined) {
      metrics.refused(reason);
      say(`refused ${reason}`, (times) => log.warn({ reason, from, times }, "not let in"));
    },
    upstreamFailed(failure: GuardFailure, reason: string) {
      metrics.failed(failure);
      say(`failed ${failure}`, (times) => log.warn({ failure, reason, times }, "the MCP server gave no whole answer"));
    },
    requestOver: metrics.over,
    requestFailed: (error: unknown) => say("bug", (times) => log.error({ err: error, times }, "request failed")),
    spansDropped(count: number, why: string) {
      metrics.spansDropped(count);
      say("spans", (times) => log.warn({ why, times }, "spans are lost"));
    },
  };
}
