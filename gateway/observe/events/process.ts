import type Registry from "prom-client/lib/registry.js";
import { cells, histogramCells } from "../metrics/cells.ts";
import type { Log } from "../logs/log.ts";
import { processDefinitions as definitions } from "../definitions/process.ts";

export type WorkerEnd = { pid: number; how: "asked" | "crashed"; exit: number | string };

/** What happens to the process: its beginning and end, its settings' files, its time, and what it could not tell. */
export function processEvents(log: Log, registry: Registry) {
  const files = cells(registry, definitions.settingsFiles);
  const spans = cells(registry, definitions.spansDropped).of();
  const lines = cells(registry, definitions.logLinesDropped).of();
  const ends = cells(registry, definitions.workerEnds);
  const delays = histogramCells(registry, definitions.eventLoopDelay).of();

  return {
    gatewayListening: (at: {
      url: string;
      metricsUrl: string | undefined;
      runtime: string;
      store: string;
      auth: string;
      startMs: number;
    }) => log.info(at, "listening"),
    workersListening: (at: { url: string; metricsUrl: string | undefined; workers: number }) =>
      log.info(at, "workers listen"),
    /** It is started again after a pause. */
    workerEnded: (what: WorkerEnd & { pauseMs: number }) => {
      ends.of(what.how).value++;
      log[what.how === "asked" ? "info" : "error"](what, "worker ended");
    },
    gatewayDraining: (signal: string) => log.info({ signal }, "draining"),
    gatewayStopped: () => log.info("stopped"),

    gatewayKeysChanged: (what: { file: string; keys: number; added: number; removed: number }) => {
      files.of("GATEWAY_KEYS_FILE", "taken").value++;
      log.info(what, "gateway keys changed");
    },
    gatewayKeysUnusable: (what: { file: string; reason: string; kept: number }) => {
      files.of("GATEWAY_KEYS_FILE", "unusable").value++;
      log.warn(what, "gateway keys cannot be read, those known stay in use");
    },
    logLevelChanged: (what: { file: string; from: string; to: string }) => {
      files.of("LOG_LEVEL_FILE", "taken").value++;
      log.info(what, "log level changed");
    },
    /** It may come yet: a ConfigMap that nobody has made is mounted as an empty folder. */
    logLevelUnreadable: (what: { reason: string; kept: string }) =>
      log.info(what, "no log level can be read from its file, the one there was stays"),
    logLevelUnusable: (what: { file: string; reason: string; kept: string }) => {
      files.of("LOG_LEVEL_FILE", "unusable").value++;
      log.warn(what, "this is no log level, the one there was stays");
    },

    spansDropped: (count: number) => {
      spans.value += count;
    },
    logLinesDropped: (count: number) => {
      lines.value += count;
    },
    timerCame: ({ lateSeconds }: { lateSeconds: number }) => delays.observe(lateSeconds),
    figureFailed: (name: string, error: unknown) => log.error({ name, err: error }, "a figure cannot be read"),
  };
}
