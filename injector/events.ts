import type { Log } from "../gateway/observe/logs/log.ts";
import { sparing } from "../gateway/observe/logs/sparing.ts";
import type { InjectorMetrics } from "./metrics.ts";
import type { Outcome } from "./webhook/review.ts";

/** One function per thing worth knowing: each says it once and counts it, in one place. Pods and keys never get here. */
export type Events = ReturnType<typeof eventsTo>;

export function eventsTo(log: Log, metrics: InjectorMetrics, now: () => number) {
  const sparingly = sparing({ everyMs: sayAgainMs, now });
  return {
    injectorListening: (at: { webhook: number; health: number; namespace: string; certificates: string }) =>
      log.info(at, "listening"),
    injectorDraining: (signal: string) => log.info({ signal }, "draining"),
    injectorStopped: () => log.info("stopped"),

    reviewed(what: { pod: string; ms: number } & Outcome) {
      const { pod, result, reason, ms } = what;
      metrics.reviewed(result, reason, ms / 1000);
      if ("error" in what) log.error({ pod, err: what.error }, "review failed");
      else if (result === "skip") log.debug({ pod, reason, ms }, "pod left as it is");
      else log.info({ pod, reason, ms }, reviewWords[result]);
    },
    /** Anybody may send such a thing, as often as they like. */
    notReviewed({ status, why }: { status: number; why: string }) {
      metrics.reviewed("error", `http-${status}`, undefined);
      sparingly(String(status), (times) => log.info({ status, why, times }, "request is no review"));
    },

    certificateShown(untilMs: number) {
      metrics.certificateShown(untilMs / 1000);
      log.info({ until: new Date(untilMs) }, "certificate in use");
    },
    certificateKept: (what: { step: string; why: string }) => log.info(what, "certificates in the Secret changed"),
    authoritiesPublished: (count: number) => log.info({ count }, "authorities published to the API server"),
    certificatesFailed(reason: string) {
      metrics.certificatesFailed();
      log.warn({ reason }, "certificates cannot be kept, those in use stay");
    },
    certificatesWell: () => log.info("certificates can be kept again"),

    guardMissing(what: { pod: string; adapter: string }) {
      metrics.guardMissing();
      log.warn(what, "this pod has no guard");
    },
    guardsMissing: (count: number) => metrics.guardsMissing(count),
    clusterEventLost: (what: { pod: string; reason: string }) => log.info(what, "event not written"),
    kubernetesBusy: (what: { method: string; path: string; status: number; retryInMs: number }) =>
      log.info(what, "the API server asks for patience"),
    watchInterrupted: (what: { kind: string; namespace: string; reason: string; retryInMs: number }) =>
      log.warn(what, "watch interrupted, will go on"),
  };
}

const sayAgainMs = 10_000;

const reviewWords = { inject: "pod gets a guard", deny: "pod refused", error: "review not understood" } as const;
