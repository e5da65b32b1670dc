import { openReconciler } from "../../gateway/control-plane/reconcile.ts";
import type { Pause } from "../../gateway/control-plane/work-queue.ts";
import type { Leadership, Runtime } from "../../gateway/runtime/runtime.ts";
import type { Store } from "../../gateway/store/store.ts";
import { openView } from "../../gateway/store/view.ts";

const alone: Leadership = { leading: () => true, onChange: () => () => undefined };

/** A gateway's control plane as it is after a start, with what failed. */
export async function startControlPlane<R extends Runtime>(
  runtime: R,
  store: Store,
  { leadership = alone, ...options }: { leadership?: Leadership; settleLimitMs?: number; pause?: Pause } = {},
) {
  await using opening = new AsyncDisposableStack();
  const failed: object[] = [];
  const told = () => undefined;
  const view = opening.use(
    await openView({ store, kinds: ["adapter", "tool", "server"], events: { changeFeedFailed: told } }),
  );
  const kept: string[] = [];
  const events = {
    reconciled: () => undefined,
    reconcileFailed: (what: object) => void failed.push(what),
    resyncFailed: told,
    leftoverKept: ({ name }: { name: string }) => void kept.push(name),
  };
  const reconciler = opening.use(await openReconciler({ store, view, runtime, leadership, events, ...options }));
  const opened = opening.move();
  return { runtime, view, reconciler, failed, kept, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Drift as a test reports it, to all who listen. */
export function drift() {
  const listeners = new Set<(name: string) => void>();
  const onDrift: Runtime["onDrift"] = (onChange) => {
    listeners.add(onChange);
    return () => void listeners.delete(onChange);
  };
  return {
    onDrift,
    listeners,
    of(name: string) {
      for (const listener of listeners) listener(name);
    },
  };
}

/** Pauses that last until they are ended. */
export function endlessPauses() {
  const begunMs: number[] = [];
  const pause: Pause = (ms, signal) => {
    begunMs.push(ms);
    return new Promise((_, reject) => {
      if (signal.aborted) reject();
      signal.addEventListener("abort", () => reject());
    });
  };
  return { begunMs, pause };
}

/** A lead that the test hands from one gateway to another, or to nobody. */
export function lead<Name extends string>(first: Name | undefined) {
  let leader = first;
  const listeners = new Set<() => void>();
  return {
    give(name: Name | undefined) {
      leader = name;
      for (const listener of listeners) listener();
    },
    of(name: Name): Leadership {
      return {
        leading: () => leader === name,
        onChange(listener) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      };
    },
  };
}
