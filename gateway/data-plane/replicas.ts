import type { Endpoint, Endpoints } from "../runtime/runtime.ts";

/** The endpoints of each adapter as the proxy asks for them. */
export type Replicas = ReturnType<typeof replicasOf>;

export function replicasOf(endpoints: Endpoints) {
  return {
    of: (adapter: string) => endpoints.of(adapter),

    /** The very replica a session was sealed to, while it lives; a successor by the same name is another one. */
    pinned: (adapter: string, id: string): Endpoint | undefined =>
      endpoints.of(adapter).find((endpoint) => endpoint.id === id),

    /** True as soon as a replica is ready; false after `limitMs`, or when the client has gone. */
    someReady: (adapter: string, limitMs: number, signal: AbortSignal) =>
      until(() => endpoints.of(adapter).some(({ state }) => state === "ready"), adapter, limitMs, signal),

    /** True as soon as the replica is known to be gone; false when it is still listed after `limitMs`. */
    gone: (adapter: string, id: string, limitMs: number, signal: AbortSignal) =>
      until(() => !endpoints.of(adapter).some((endpoint) => endpoint.id === id), adapter, limitMs, signal),
  };

  function until(holds: () => boolean, adapter: string, limitMs: number, signal: AbortSignal): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    if (signal.aborted) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), limitMs);
    const giveUp = () => resolve(false);
    signal.addEventListener("abort", giveUp, { once: true });
    const unsubscribe = endpoints.subscribe((changed) => {
      if (changed === adapter && holds()) resolve(true);
    });
    return promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      unsubscribe();
    });
  }
}
