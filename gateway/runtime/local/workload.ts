import type { Endpoint, ReplicaStatus, Workload, WorkloadStatus } from "../runtime.ts";
import type { EndpointBook } from "./endpoint-book.ts";
import { type LogRing, logRing } from "./log-ring.ts";
import { type Replica, type ReplicaHost, startReplica, type Template } from "./replica.ts";

/** An ordinal: what runs now, and during a rolling update the one that takes its place once it is ready. */
type Slot = { current: Replica; next: Replica | undefined };

export type LocalWorkload = ReturnType<typeof localWorkload>;

/**
 * Makes one workload's replicas what is wanted of them. After every event (a new wish, a replica that became ready, one that is
 * gone) `converge` compares wish and fact and takes all steps that are possible now; none of them waits.
 */
export function localWorkload(name: string, host: ReplicaHost, endpoints: EndpointBook) {
  let wish: { workload: Workload; template: Template } | undefined;
  const slots: Slot[] = [];
  /** No longer in a slot, and not gone yet. */
  const leaving = new Set<Replica>();
  const logs = new Map<number, LogRing>();

  function converge(): void {
    const count = wish?.workload.replicaCount ?? 0;
    for (const slot of slots.splice(count)) {
      leave(slot.next);
      leave(slot.current);
    }
    if (wish !== undefined) {
      const { template } = wish;
      for (let instance = slots.length; instance < count; instance++) {
        slots.push({ current: start(instance, template), next: undefined });
      }
      for (const slot of slots) settle(slot, template);
      roll(template);
    }
    publish();
  }

  /** Puts a ready successor in its predecessor's place; drops one that has been overtaken by a newer wish. */
  function settle(slot: Slot, template: Template): void {
    const { current, next } = slot;
    if (next === undefined) return;
    if (next.template.key !== template.key) {
      slot.next = undefined;
      leave(next);
    } else if (next.endpoint() !== undefined) {
      slot.current = next;
      slot.next = undefined;
      leave(current);
    }
  }

  /** One ordinal at a time, the highest first; the next one begins when the last one's old replica is gone. */
  function roll(template: Template): void {
    if (slots.some((slot) => slot.next !== undefined)) return;
    if ([...leaving].some((replica) => replica.template.key !== template.key && replica.instance < slots.length))
      return;
    const slot = slots.findLast(({ current }) => current.template.key !== template.key);
    if (slot !== undefined) slot.next = start(slot.current.instance, template);
  }

  function start(instance: number, template: Template): Replica {
    const log = logs.get(instance) ?? logRing(host.limits);
    logs.set(instance, log);
    return startReplica(host, { name: `${name}-${instance}`, instance, template, log, onChange: changed });
  }

  function leave(replica: Replica | undefined): void {
    if (replica === undefined || leaving.has(replica)) return;
    leaving.add(replica);
    void replica.stop("drained");
  }

  let converging = false;
  let again = false;
  /** A step of `converge` may itself change a replica: then it runs once more instead of inside itself. */
  function changed(): void {
    again = true;
    if (converging) return;
    converging = true;
    try {
      while (again) {
        again = false;
        forgetGone();
        converge();
      }
    } finally {
      converging = false;
    }
  }

  function forgetGone(): void {
    for (const replica of leaving) if (replica.gone()) leaving.delete(replica);
    for (const [instance, log] of logs) {
      if (
        instance < (wish?.workload.replicaCount ?? 0) ||
        replicas().some((replica) => replica.instance === instance)
      ) {
        continue;
      }
      log.close();
      logs.delete(instance);
    }
  }

  function replicas(): Replica[] {
    const inSlots = slots.flatMap(({ current, next }) => (next === undefined ? [current] : [current, next]));
    return [...inSlots, ...leaving].sort((one, other) => one.instance - other.instance);
  }

  function publish(): void {
    const inSlots = slots.map(({ current }) => current.endpoint());
    const draining = [...leaving].map((replica) => replica.endpoint());
    endpoints.publish(
      name,
      [...inSlots, ...draining].filter((endpoint): endpoint is Endpoint => endpoint !== undefined),
    );
  }

  return {
    apply(workload: Workload, template: Template): void {
      wish = { workload, template };
      changed();
    },
    /** Resolves when all replicas are gone; nothing is drained. An `apply` meanwhile counts for more. */
    async end(): Promise<void> {
      wish = undefined;
      changed();
      await Promise.all(replicas().map((replica) => replica.stop("now")));
      changed();
    },
    wanted: () => wish !== undefined,
    /** `problem` is why it cannot be applied as it is wanted now, if it cannot. */
    status(asked: Workload, problem: string | null): WorkloadStatus {
      const { workload, template } = wish ?? {};
      const statuses: ReplicaStatus[] = replicas().map((replica) => replica.status());
      const ailing = statuses.find(({ state, reason }) => state !== "draining" && reason !== null);
      return {
        desired: workload?.replicaCount ?? 0,
        ready: slots.filter(({ current }) => current.endpoint()?.state === "ready").length,
        updated: slots.filter(({ current }) => current.template.key === template?.key).length,
        image: workload === undefined ? "Unknown" : imageOf(workload),
        // Revisions of a namesake that was deleted say nothing of this one.
        observedRevision: workload?.uid === asked.uid ? workload.revision : null,
        reason: problem ?? (ailing === undefined ? null : `${ailing.name}: ${ailing.reason}`),
        replicas: statuses,
      };
    },
    log: (instance: number) => logs.get(instance),
    launched: (instance: number) => replicas().some((replica) => replica.instance === instance && replica.launched()),
  };
}

/** Of a workload that cannot be started. */
export function unstarted({ replicaCount }: Workload, reason: string): WorkloadStatus {
  const none = { ready: 0, updated: 0, image: "Unknown", observedRevision: null, replicas: [] };
  return { ...none, desired: replicaCount, reason };
}

function imageOf({ imageName, imageVersion }: Workload): string {
  return `${imageName}${imageVersion.includes(":") ? "@" : ":"}${imageVersion}`;
}
