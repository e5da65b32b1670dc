import { type Limited, type Rate, windowSeconds } from "./limited.ts";

/**
 * How many requests the other gateways counted under this key in this slot (a number of 5 seconds since 1970), as far as
 * is known here and now. It is asked on the request's path: from memory, and 0 while the others cannot be heard.
 */
export type Elsewhere = (key: string, slot: number) => number;

export type RequestRate = {
  /** Counts requests, unless they are too many: then none of them, so that trying again does not lengthen the wait. */
  take(key: string, cost: number): ({ state: "allowed" } & Rate) | Limited;
  /** What was counted here in this slot, one of the last minute, for the other gateways. */
  counted(slot: number): Iterable<readonly [key: string, count: number]>;
};

/** What was counted up to `slot`; each slot stands at its number modulo `slotsCounted`. */
type Count = { slot: number; readonly bySlot: number[] };

export const slotMs = 5_000;
/** Those of which something may be less than a minute ago. */
const slotsCounted = (windowSeconds * 1000) / slotMs + 1;
/** One needs about 300 bytes. */
const maxKeys = 50_000;

/**
 * Requests per sliding minute, counted in slots of 5 seconds: never more than the limit in any minute, and what was used
 * is given back up to 5 seconds late. When there are too many keys the one that was silent longest is forgotten. `now` in
 * milliseconds since 1970.
 */
export function requestRate({
  perMinute,
  now,
  elsewhere,
  keysAtMost = maxKeys,
}: {
  perMinute: number;
  now: () => number;
  elsewhere?: Elsewhere;
  keysAtMost?: number;
}): RequestRate {
  const counts = new Map<string, Count>();

  return {
    take(key, cost) {
      const nowMs = now();
      const slot = Math.floor(nowMs / slotMs);
      const count = countAt(key, slot);
      let used = 0;
      for (let age = 0; age < slotsCounted; age++) used += countIn(key, count, slot - age);
      // A batch of more than the limit has to wait until nothing is counted, not for ever.
      const wanted = Math.min(cost, perMinute);
      if (used + wanted > perMinute) {
        const retryAfterSeconds = secondsUntilFreed(used + wanted - perMinute, key, count, nowMs);
        return { state: "limited", what: "requests", limit: perMinute, retryAfterSeconds };
      }
      count.bySlot[slot % slotsCounted] = countHere(count, slot) + wanted;
      const remaining = perMinute - used - wanted;
      return { state: "allowed", limit: perMinute, remaining, resetSeconds: secondsUntilFreed(1, key, count, nowMs) };
    },

    *counted(slot) {
      for (const [key, count] of counts) {
        if (slot <= count.slot && slot > count.slot - slotsCounted) yield [key, countHere(count, slot)];
      }
    },
  };

  function countAt(key: string, slot: number): Count {
    const known = counts.get(key);
    if (known?.slot === slot) return known;
    const count = known ?? { slot, bySlot: Array<number>(slotsCounted).fill(0) };
    // A clock that was set back begins anew, or it would count to the future's account.
    const passed = slot < count.slot ? slotsCounted : Math.min(slot - count.slot, slotsCounted);
    for (let age = 0; age < passed; age++) count.bySlot[(slot - age) % slotsCounted] = 0;
    count.slot = slot;
    // At the end of the map, whose first key is thereby the one that was silent longest.
    counts.delete(key);
    if (counts.size >= keysAtMost) counts.delete(counts.keys().next().value as string);
    counts.set(key, count);
    return count;
  }

  /** Until so many of those that are counted are no longer, which is when the last of their slots is a minute ago. */
  function secondsUntilFreed(amount: number, key: string, count: Count, nowMs: number): number {
    let slot = count.slot - slotsCounted + 1;
    for (let freed = 0; slot < count.slot; slot++) {
      freed += countIn(key, count, slot);
      if (freed >= amount) break;
    }
    return Math.ceil(((slot + slotsCounted) * slotMs - nowMs) / 1000);
  }

  function countIn(key: string, count: Count, slot: number): number {
    return countHere(count, slot) + (elsewhere?.(key, slot) ?? 0);
  }
}

function countHere({ bySlot }: Count, slot: number): number {
  return bySlot[slot % slotsCounted] ?? 0;
}
