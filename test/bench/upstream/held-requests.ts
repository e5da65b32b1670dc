import { sharedClockUs } from "../clock.ts";

export type HeldRequests = {
  /** Holds a request until the function it returns is called: its client has left. */
  hold(id: string): () => void;
  /** By id, when the client of each was seen to leave, on the shared clock; null: not yet. */
  left(): Record<string, number | null>;
};

/** Requests that are never answered in full, and when their clients gave them up. */
export function heldRequests(): HeldRequests {
  const leftUs = new Map<string, number | null>();
  return {
    hold(id) {
      leftUs.set(id, null);
      return () => leftUs.set(id, leftUs.get(id) ?? sharedClockUs());
    },
    left: () => Object.fromEntries(leftUs),
  };
}
