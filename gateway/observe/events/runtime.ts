import type Registry from "prom-client/lib/registry.js";
import { cells } from "../metrics/cells.ts";
import type { Log } from "../logs/log.ts";
import { runtimeDefinitions as definitions } from "../definitions/runtime.ts";

/** What happens to replicas, and to the cluster's answers. Names are those of workloads, kinds and statuses the API server's. */
export function runtimeEvents(log: Log, registry: Registry) {
  const starts = cells(registry, definitions.replicaStarts);
  const ends = cells(registry, definitions.replicaEnds);
  const restarts = cells(registry, definitions.replicaRestarts);
  const interruptions = cells(registry, definitions.watchInterruptions);
  const throttled = cells(registry, definitions.kubernetesThrottled);

  return {
    replicaStarted: (
      replica: Named & { id: string; pid: number; port: number; restarts: number; guardPid?: number },
    ) => {
      const name = workloadOf(replica);
      starts.of(name).value++;
      if (replica.restarts > 0) restarts.of(name).value++;
      log.info(replica, "replica started");
    },
    replicaReady: (replica: Named & { id: string; afterMs: number }) => log.info(replica, "replica ready"),
    replicaNotReady: (replica: Named & { id: string; reason: string }) => log.warn(replica, "replica not ready"),
    replicaDraining: (replica: Named & { id: string }) => log.info(replica, "replica draining"),
    replicaStopped: (replica: Named & { id: string }) => {
      ends.of(workloadOf(replica), "stopped").value++;
      log.info(replica, "replica stopped");
    },
    replicaEnded: (replica: Named & { id: string; reason: string; restartInMs: number }) => {
      ends.of(workloadOf(replica), "crashed").value++;
      log.warn(replica, "replica ended by itself, will restart");
    },
    /** Of a cluster's replica, which has its own log: what has become of its program since it was last seen. */
    replicaSeen: ({ workload, ...seen }: Seen) => {
      if (seen.starts > 0) starts.of(workload).value += seen.starts;
      if (seen.restarts > 0) restarts.of(workload).value += seen.restarts;
      if (seen.crashes > 0) ends.of(workload, "crashed").value += seen.crashes;
      if (seen.stops > 0) ends.of(workload, "stopped").value += seen.stops;
    },
    orphansEnded: (count: number) => log.warn({ count }, "ended replicas that a killed gateway had left behind"),
    /** An adapter or a tool is no more: its figures go, and leave room for others. */
    workloadGone: (name: string) => {
      for (const kind of [starts, ends, restarts]) kind.forget("name", name);
    },

    kubernetesBusy: (what: { method: string; path: string; status: number; retryInMs: number }) => {
      throttled.of(String(what.status)).value++;
      log.info(what, "the API server asks for patience");
    },
    watchInterrupted: (what: { kind: string; namespace: string; reason: string; retryInMs: number }) => {
      interruptions.of(what.kind).value++;
      log.warn(what, "watch interrupted, will go on");
    },
    foundObjectWarned: (what: { adapter: string; object: string; reason: string; message: string }) =>
      log.warn(what, "something is wrong with an object that is labelled as an adapter's"),
    clusterEventLost: (what: { workload: string; reason: string }) => log.info(what, "event not written"),
  };
}

type Named = { readonly replica: string };
type Seen = { workload: string; starts: number; restarts: number; crashes: number; stops: number };

/** A replica is called after its workload, with its number behind. */
function workloadOf({ replica }: Named): string {
  return replica.slice(0, replica.lastIndexOf("-"));
}
