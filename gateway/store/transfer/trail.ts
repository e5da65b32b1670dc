import { maxAuditPage } from "../../../openapi/audit.ts";
import { maxRestoredEntries, type RestorableStore, type Store, type TrailEntry } from "../store.ts";
import { TransferFailure } from "./failure.ts";
import { compare, spell } from "./record.ts";

/**
 * A store's trail, newest first, in pieces that never part entries of one millisecond. These come by their text: the order
 * that their store has them in is its own. `since` and `until` as in a query.
 */
export async function* trailOf(
  store: Pick<Store, "audit">,
  window: { since?: string; until?: string } = {},
): AsyncGenerator<TrailEntry[]> {
  let held: TrailEntry[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.audit({ ...window, limit: maxAuditPage, cursor });
    if (page.state !== "read") throw new TransferFailure("The audit trail could not be read to its end.");
    held.push(...page.entries.map(({ id: _, ...entry }) => entry));
    const last = held.at(-1);
    if (page.next === null || !last) {
      if (held.length > 0) yield inOrder(held);
      return;
    }
    cursor = page.next;
    const whole = held.filter(({ at }) => at !== last.at);
    held = held.slice(whole.length);
    if (whole.length > 0) yield inOrder(whole);
  }
}

function inOrder(entries: readonly TrailEntry[]): TrailEntry[] {
  const texts = new Map(entries.map((entry) => [entry, spell(entry)]));
  const textOf = (entry: TrailEntry) => texts.get(entry) ?? "";
  return entries.toSorted((one, other) => compare(other.at, one.at) || compare(textOf(one), textOf(other)));
}

/**
 * Those of a piece of a trail that the store does not have. An entry that occurs twice has to be there twice. Equal entries
 * have one time, so that looking where the piece is looks everywhere.
 */
export async function missingIn(store: Pick<Store, "audit">, piece: readonly TrailEntry[]): Promise<TrailEntry[]> {
  const [newest, oldest] = [piece[0], piece.at(-1)];
  if (!newest || !oldest) return [];
  const until = new Date(Date.parse(newest.at) + 1).toISOString();
  const there = new Map<string, number>();
  for await (const entries of trailOf(store, { since: oldest.at, until })) {
    for (const text of entries.map(spell)) there.set(text, (there.get(text) ?? 0) + 1);
  }
  return piece.filter((entry) => {
    const text = spell(entry);
    const count = there.get(text) ?? 0;
    there.set(text, count - 1);
    return count <= 0;
  });
}

/** Adds a piece in as many calls as it takes. */
export async function restorePiece(store: RestorableStore, entries: readonly TrailEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += maxRestoredEntries) {
    await store.restoreAudit(entries.slice(from, from + maxRestoredEntries));
  }
}
