import type Registry from "prom-client/lib/registry.js";
import { cells, histogramCells } from "../metrics/cells.ts";
import type { Log } from "../logs/log.ts";
import { storeDefinitions as definitions } from "../definitions/store.ts";

/** What happens to the store and to what it keeps. */
export function storeEvents(log: Log, registry: Registry) {
  const durations = histogramCells(registry, definitions.storeDuration);
  const feedFailures = cells(registry, definitions.changeFeedFailures).of();
  const written = cells(registry, definitions.auditWritten).of();
  const lost = cells(registry, definitions.auditLost).of();
  const writeFailures = cells(registry, definitions.auditWriteFailures).of();
  const purged = cells(registry, definitions.auditPurged).of();
  const purgeFailures = cells(registry, definitions.auditPurgeFailures).of();

  return {
    storeAnswered: ({ operation, result, seconds }: { operation: string; result: string; seconds: number }) =>
      durations.of(operation, result).observe(seconds),
    storeSilent: (error: unknown) => log.error({ err: error }, "the database does not answer: reads and changes wait"),
    storeBack: (what: { awayMs: number }) => log.warn(what, "the database answers again"),
    storeNotOpened: (what: { attempt: number; retryInMs: number }, error: unknown) =>
      log.warn({ ...what, err: error }, "the database cannot be opened yet, will retry"),
    changeFeedFailed: (error: unknown) => {
      feedFailures.value++;
      log.error({ err: error }, "change feed failed");
    },
    sweepFailed: (error: unknown) => log.warn({ err: error }, "left-overs of an interrupted write not cleared yet"),

    auditWritten: (count: number) => {
      written.value += count;
    },
    auditWriteFailed: (what: { attempt: number; waiting: number; retryInMs: number }, error: unknown) => {
      writeFailures.value++;
      log.warn({ ...what, err: error }, "audit entries not written, will retry");
    },
    auditLost: (what: { count: number; why: string }) => {
      lost.value += what.count;
      log.error(what, "audit entries lost");
    },
    auditPurged: (what: { count: number; before: Date }) => {
      purged.value += what.count;
      log.info(what, "old audit entries removed");
    },
    auditPurgeFailed: (error: unknown) => {
      purgeFailures.value++;
      log.warn({ err: error }, "old audit entries not removed");
    },
  };
}
