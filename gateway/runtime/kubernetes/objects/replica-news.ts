import { statusOfContainer } from "./pods.ts";
import type { Pod } from "./shapes.ts";
import { containerName } from "./workload.ts";

/** How often a replica's program has begun, has begun anew in its pod, has ended by itself, and has gone as it should. */
export type ReplicaNews = {
  readonly starts: number;
  readonly restarts: number;
  readonly crashes: number;
  readonly stops: number;
};

/** What has become of a workload's replica between two looks at its pod; undefined: there was none, or there is none any more. */
export function replicaNews(workload: string, before: Pod | undefined, now: Pod | undefined): ReplicaNews {
  const [was, is] = [runsIn(before, workload), runsIn(now, workload)];
  if (!now) return { starts: 0, restarts: 0, crashes: 0, stops: was.begun > 0 ? 1 : 0 };
  const isLeaving = now.metadata?.deletionTimestamp !== undefined;
  return {
    starts: Math.max(0, is.begun - was.begun),
    restarts: Math.max(0, is.restarts - was.restarts),
    crashes: isLeaving ? 0 : Math.max(0, is.ended - was.ended),
    stops: 0,
  };
}

/** The kubelet counts a restart once the next run has begun; until then, the last one may have ended already. */
function runsIn(pod: Pod | undefined, workload: string): { begun: number; ended: number; restarts: number } {
  const status = pod && statusOfContainer(pod, containerName(workload));
  const restarts = status?.restartCount ?? 0;
  const isRunning = status?.state?.running !== undefined;
  const hasEnded =
    status?.state?.terminated !== undefined || (!isRunning && status?.lastState?.terminated !== undefined);
  return { begun: restarts + (isRunning || hasEnded ? 1 : 0), ended: restarts + (hasEnded ? 1 : 0), restarts };
}
