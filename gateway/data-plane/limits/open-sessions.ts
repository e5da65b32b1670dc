import type { Limited } from "./limited.ts";

/** A session that is being opened holds its place until it is disposed, with or without an id. */
export type SessionOpening = Disposable & { readonly state: "opening"; opened(id: string): void };

/** `lastSeenMs` by session id, the one that was silent longest first. */
type Place = { opening: number; readonly seen: Map<string, number> };

/** A session that was silent for so long no longer counts, and counts again when it is used. */
export const sessionIdleMs = 15 * 60_000;
const maxKeys = 20_000;

/**
 * Counts open sessions by key. The gateway keeps no list of sessions (their ids are sealed), so this is what one gateway
 * has seen: a session counts from its opening here, or its first use here, until it was ended, found lost, or silent for
 * 15 minutes. A restart begins at none and learns the rest from their use. When there are too many keys the oldest is
 * forgotten. `now` in milliseconds.
 */
export function openSessions({
  limit,
  now,
  keysAtMost = maxKeys,
}: {
  limit: number;
  now: () => number;
  keysAtMost?: number;
}) {
  const places = new Map<string, Place>();
  return { open, saw, ended };

  function open(key: string): SessionOpening | Limited {
    const place = placeOf(key);
    const oldestMs = forgetSilent(place);
    if (place.opening + place.seen.size >= limit) {
      // Those that are being opened may fail at any moment.
      const waitMs = oldestMs === undefined ? 1000 : oldestMs + sessionIdleMs - now();
      const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
      return { state: "limited", what: "sessions", limit, retryAfterSeconds };
    }
    place.opening++;
    let isOpening = true;
    return {
      state: "opening",
      opened: (id) => saw(key, id),
      [Symbol.dispose]() {
        if (!isOpening) return;
        isOpening = false;
        place.opening--;
        forgetEmpty(key, place);
      },
    };
  }

  function saw(key: string, id: string): void {
    const place = placeOf(key);
    // At its end: those before it were silent longer.
    const isKnown = place.seen.delete(id);
    if (!isKnown && place.seen.size >= limit) forgetSilent(place);
    if (place.seen.size < limit) place.seen.set(id, now());
  }

  function ended(key: string, id: string): void {
    const place = places.get(key);
    place?.seen.delete(id);
    if (place) forgetEmpty(key, place);
  }

  function placeOf(key: string): Place {
    const known = places.get(key);
    if (known) return known;
    if (places.size >= keysAtMost) places.delete(places.keys().next().value as string);
    const place = { opening: 0, seen: new Map<string, number>() };
    places.set(key, place);
    return place;
  }

  /** Says when the oldest that is left was seen. */
  function forgetSilent({ seen }: Place): number | undefined {
    for (const [id, lastSeenMs] of seen) {
      if (now() - lastSeenMs < sessionIdleMs) return lastSeenMs;
      seen.delete(id);
    }
    return undefined;
  }

  function forgetEmpty(key: string, place: Place): void {
    // Another may stand there by now, if this one was forgotten meanwhile.
    if (place.opening === 0 && place.seen.size === 0 && places.get(key) === place) places.delete(key);
  }
}
