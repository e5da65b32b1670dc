import type { Database } from "./audit.ts";
import { audit, resources } from "./schema.ts";
import { type Kind, maxRestored, maxRestoredEntries, type Resource, type Restored, type TrailEntry } from "./store.ts";

/** Takes the transaction back. */
class Taken extends Error {
  readonly names: { kind: Kind; name: string }[];
  constructor(names: { kind: Kind; name: string }[]) {
    super("names are taken");
    this.names = names;
  }
}

/** Writes resources as they are, in one transaction; `notify` tells of each. */
export async function restore(
  db: Database,
  given: readonly Resource[],
  notify: (transaction: Database, kind: Kind, name: string) => Promise<void>,
): Promise<Restored> {
  if (given.length === 0) return { state: "written" };
  if (given.length > maxRestored) throw new Error(`More than ${maxRestored} resources to restore at once.`);
  try {
    await db.transaction(async (transaction) => {
      const rows = given.map(({ kind, name, uid, revision, deleting, body }) => {
        return { kind, name, uid, revision, deleting, body };
      });
      const written = await transaction.insert(resources).values(rows).onConflictDoNothing().returning();
      const there = new Set(written.map(({ kind, name }) => `${kind}/${name}`));
      const taken = given.filter(({ kind, name }) => !there.delete(`${kind}/${name}`));
      if (taken.length > 0) throw new Taken(taken.map(({ kind, name }) => ({ kind, name })));
      for (const { kind, name } of written) await notify(transaction, kind, name);
    });
    return { state: "written" };
  } catch (error) {
    if (error instanceof Taken) return { state: "exists", names: error.names };
    throw error;
  }
}

/** One statement, so all of them or none. */
export async function restoreAudit(db: Database, entries: readonly TrailEntry[]): Promise<void> {
  if (entries.length > maxRestoredEntries)
    throw new Error(`More than ${maxRestoredEntries} entries to restore at once.`);
  const rows = entries.map((entry) => ({ ...entry, at: new Date(entry.at), kind: entry.kind as Kind }));
  if (rows.length > 0) await db.insert(audit).values(rows);
}
