import { failureInWords } from "../../gateway/runtime/kubernetes/api/answer.ts";
import type { KubeClient } from "../../gateway/runtime/kubernetes/api/client.ts";
import type { ReflectorLimits } from "../../gateway/runtime/kubernetes/api/limits.ts";
import type { Pod } from "../../gateway/runtime/kubernetes/api/pod.ts";
import { type ReflectorEvents, reflect } from "../../gateway/runtime/kubernetes/api/reflector.ts";
import { events as eventResource, pods } from "../../gateway/runtime/kubernetes/api/resources.ts";
import { pause as pauseFor } from "../../gateway/runtime/pause.ts";
import { adapterLabel, injectLabel } from "../pod/names.ts";
import { missesGuard } from "./misses-guard.ts";
import { missingGuardEvent } from "./event.ts";

export type AuditEvents = ReflectorEvents & {
  guardMissing(what: { pod: string; adapter: string }): unknown;
  /** How many such pods there are now. */
  guardsMissing(count: number): unknown;
  clusterEventLost(what: { pod: string; reason: string }): unknown;
};

/** How often it is tried again to tell what could not be told. */
const retryEveryMs = 60_000;

/**
 * Watches for pods of adapters without a guard: those that were made while the webhook was not there. Each is told once, as an
 * Event on the pod; of several injectors that tell the same, one does.
 */
export function missingGuards({
  client,
  namespace,
  instance,
  now,
  events,
  limits,
  pause = pauseFor,
}: {
  client: Pick<KubeClient, "list" | "watch" | "create">;
  namespace: string;
  /** Which of several injectors this is. */
  instance: string;
  /** Milliseconds since 1970. */
  now: () => number;
  events: AuditEvents;
  /** Of the watch. */
  limits?: ReflectorLimits;
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}): AsyncDisposable {
  const closing = new AbortController();
  const { signal } = closing;
  const missing = new Map<string, Pod>();
  const told = new Set<string>();
  const telling = new Set<Promise<void>>();
  const labelSelector = `${adapterLabel},${injectLabel}!=false`;
  const options = { namespace, labelSelector, signal, events, ...(limits && { limits }) };
  const reflection = reflect(client, pods, { ...options, onChange: (type, pod) => see(pod, type !== "removed") });
  const retrying = retry();

  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all([reflection.done, retrying, ...telling]);
    },
  };

  function see(pod: Pod, isThere: boolean): void {
    const { uid } = pod.metadata;
    const known = missing.has(uid);
    if (isThere && missesGuard(pod)) {
      missing.set(uid, pod);
      if (!known) {
        events.guardMissing({ pod: pod.metadata.name, adapter: pod.metadata.labels?.[adapterLabel] ?? "" });
        tell(pod);
      }
    } else {
      missing.delete(uid);
      told.delete(uid);
    }
    events.guardsMissing(missing.size);
  }

  function tell(pod: Pod): void {
    const done = write(pod).finally(() => telling.delete(done));
    telling.add(done);
  }

  async function write(pod: Pod): Promise<void> {
    const { uid, name } = pod.metadata;
    const answer = await client.create(eventResource, missingGuardEvent(pod, instance, now()), { namespace, signal });
    // Another injector has told it.
    const isTold = answer.state === "ok" || (answer.state === "failed" && answer.status === 409);
    if (isTold) told.add(uid);
    else if (!signal.aborted) events.clusterEventLost({ pod: name, reason: failureInWords(answer) });
  }

  async function retry(): Promise<void> {
    while (!signal.aborted) {
      await pause(retryEveryMs, signal);
      if (signal.aborted) return;
      await Promise.all(telling);
      for (const [uid, pod] of missing) if (!told.has(uid)) tell(pod);
    }
  }
}
