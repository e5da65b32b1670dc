import type Registry from "prom-client/lib/registry.js";
import { cells, histogramCells } from "../metrics/cells.ts";
import { controlDefinitions as definitions } from "../definitions/control.ts";
import { oneOf } from "../metrics/label-values.ts";
import type { Log } from "../logs/log.ts";

/** An HTTP method as a label: callers may write what they like. */
const methodLabel = oneOf(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** What happens to records, and to what they ask for. */
export function controlEvents(log: Log, registry: Registry) {
  const requests = cells(registry, definitions.restRequests);
  const durations = histogramCells(registry, definitions.restDuration);
  const writes = cells(registry, definitions.resourceWrites);
  const reconciles = cells(registry, definitions.reconciles);
  const reconcileDurations = histogramCells(registry, definitions.reconcileDuration);
  const retries = cells(registry, definitions.reconcileRetries);
  const changes = cells(registry, definitions.leadershipChanges).of();

  return {
    /** `route` as the contract writes it, never the path itself. */
    restAnswered: ({ route, method, status, seconds }: RestAnswer) => {
      const label = methodLabel(method);
      requests.of(route, label, `${Math.floor(status / 100)}xx`).value++;
      durations.of(route, label).observe(seconds);
    },
    /** Of somebody who was let in. */
    restRequestOver: (request: RestRequest) => log.info(request, "rest request"),

    resourceWritten: ({
      author,
      ...what
    }: {
      action: string;
      kind: string;
      name: string;
      revision: number;
      by: string;
      requestId: string;
      author: "client" | "registrar";
    }) => {
      writes.of(what.kind, what.action, author).value++;
      log.info(what, "resource written");
    },
    recordHidden: (what: { kind: string; name: string; reason: string }) =>
      log.warn(what, "this document is no record of ours, and is not shown"),
    reconciled: ({ kind, result, seconds, isRetry }: Attempt) => {
      reconciles.of(kind, result).value++;
      reconcileDurations.of(kind).observe(seconds);
      if (isRetry) retries.of(kind).value++;
    },
    reconcileFailed: (what: { kind: string; name: string; attempt: number; retryInMs: number }, error: unknown) =>
      log.warn({ ...what, err: error }, "reconcile failed, will retry"),
    leftoverKept: (what: { name: string }) =>
      log.error(
        what,
        "this workload has no record, and the store has none at all: is it the right store? left running",
      ),
    registrationFailed: (what: { adapter: string; attempt: number; retryInMs: number }, error: unknown) =>
      log.warn({ ...what, err: error }, "an adapter found in the cluster is not registered as it is yet, will retry"),
    resyncFailed: (error: unknown) => log.warn({ err: error }, "cannot list what runs, will look again"),
    leadershipChanged: (what: { leading: boolean; holder: string }) => {
      changes.value++;
      log.info(what, what.leading ? "leads: reconciles from now on" : "does not lead");
    },
  };
}

type RestAnswer = { route: string; method: string; status: number; seconds: number };
type RestRequest = { requestId: string; principal: string; method: string; path: string; status: number };
type Attempt = {
  kind: "workload" | "server" | "registration";
  result: "done" | "failed";
  seconds: number;
  isRetry: boolean;
};
