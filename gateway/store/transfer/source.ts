import type { Resource, Store, TrailEntry } from "../store.ts";
import { bare, byKindAndName, kinds } from "./record.ts";
import { trailOf } from "./trail.ts";

/** What is to be moved, wherever it is. */
export type Source = {
  /** By kind and name. */
  readonly resources: readonly Resource[];
  /** The trail from its beginning each time it is asked for: newest first, those of one millisecond together. */
  trail(): AsyncIterable<TrailEntry[]>;
  /** What had to be changed on the way here, in words. */
  readonly notes: readonly string[];
};

/** All that a store has. What others write meanwhile may be in it or not. */
export async function fromStore(store: Store): Promise<Source> {
  const resources: Resource[] = [];
  for (const kind of kinds) resources.push(...(await store.list(kind)));
  return { resources: resources.map(bare).sort(byKindAndName), trail: () => trailOf(store), notes: [] };
}
