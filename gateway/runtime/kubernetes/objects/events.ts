import type { ClusterEvent } from "./shapes.ts";

/** The newest event of these reasons about an object, or one that `accepts` takes. */
export function newestEvent(
  events: readonly ClusterEvent[],
  about: { readonly uid: string | undefined; readonly reasons: readonly string[] },
  accepts: (event: ClusterEvent) => boolean = () => true,
): ClusterEvent | undefined {
  let newest: ClusterEvent | undefined;
  for (const event of events) {
    if (about.uid === undefined || event.involvedObject?.uid !== about.uid) continue;
    if (!about.reasons.includes(event.reason ?? "") || !accepts(event)) continue;
    if (newest === undefined || timeOf(event) >= timeOf(newest)) newest = event;
  }
  return newest;
}

/** Events that repeat are counted in one object: its last time counts. */
export function timeOf(event: ClusterEvent): number {
  const time = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp;
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? 0 : ms;
}
