import { and, eq, gt, inArray, sql } from "drizzle-orm";
import { type Database, purgeAudit, readAudit, record, recordCalls, type Write } from "./audit.ts";
import { restore, restoreAudit } from "./restore.ts";
import { resources } from "./schema.ts";
import { sqlFailure } from "./sql-failure.ts";
import {
  type Author,
  type Bodies,
  type Change,
  type Created,
  type Kind,
  kindsSharingNames,
  type Page,
  type Resource,
  type RestorableStore,
  type Updated,
} from "./store.ts";

/**
 * Hears a channel of NOTIFY. `onReset` is for a connection that was away: what was sent meanwhile is lost.
 * Resolves once it hears; call what it returns to stop.
 */
export type Listen = (
  channel: string,
  onPayload: (payload: string) => void,
  onReset: () => void,
) => Promise<() => Promise<void>>;

/** A store in a SQL database; `db` is for what only such a store can answer, such as its audit rows. */
export type SqlStore = RestorableStore & { readonly db: Database };

const channel = "resource_changes";

/** The store over any Postgres driver that Drizzle has; the tables are there already. It owns `close`. */
export function sqlStore(database: {
  db: Database;
  listen: Listen;
  changesAgeMs: () => number | undefined;
  newUid: () => string;
  close: () => Promise<void>;
}): SqlStore {
  const { db, listen, changesAgeMs, newUid, close } = database;
  return {
    db,

    async get<K extends Kind>(kind: K, name: string) {
      const [row] = await told(db.select().from(resources).where(named(kind, name)));
      return row as Resource<K> | undefined;
    },

    async list<K extends Kind>(kind: K, page?: Page) {
      const byCodePoint = sql`${resources.name} collate "C"`;
      const isLater = page?.after === undefined ? undefined : gt(byCodePoint, page.after);
      const found = db
        .select()
        .from(resources)
        .where(and(eq(resources.kind, kind), isLater))
        .orderBy(byCodePoint);
      const rows = await told(page ? found.limit(page.limit) : found);
      return rows as Resource<K>[];
    },

    create<K extends Kind>(kind: K, name: string, body: Bodies[K], author: Author): Promise<Created<K>> {
      const creating = db.transaction(async (transaction): Promise<Created<K>> => {
        const row = { kind, name, uid: newUid(), revision: 1, deleting: false, body };
        const [written] = await transaction.insert(resources).values(row).onConflictDoNothing().returning();
        if (written) return acknowledge<K>(transaction, "create", written, author);
        const holder = and(inArray(resources.kind, kindsSharingNames(kind)), eq(resources.name, name));
        const [there] = await transaction.select().from(resources).where(holder);
        // Gone between the two statements: only what is being deleted goes.
        return { state: "exists", kind: there?.kind ?? kind, deleting: there?.deleting ?? true };
      });
      return told(creating);
    },

    update: (kind, name, revision, body, author) => told(change(db, "update", kind, name, revision, { body }, author)),
    markDeleting: (kind, name, revision, author) =>
      told(change(db, "delete", kind, name, revision, { deleting: true }, author)),

    purge: (kind, name, uid) => told(db.transaction((transaction) => purge(transaction, kind, name, uid))),

    recordCalls: (entries) => told(recordCalls(db, entries)),
    audit: (query) => told(readAudit(db, query)),
    purgeAudit: (before, max) => told(purgeAudit(db, before, max)),
    restore: (given) => told(restore(db, given, notify)),
    restoreAudit: (entries) => told(restoreAudit(db, entries)),

    subscribe: (onChange) =>
      listen(
        channel,
        (payload) => onChange(changeFrom(payload)),
        () => onChange({ type: "reset" }),
      ),
    changesAgeMs,

    [Symbol.asyncDispose]: close,
  };
}

/** A failure as the store's callers know it, and with nothing in it that must not be logged. */
async function told<Value>(answer: PromiseLike<Value>): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    throw sqlFailure(error);
  }
}

const named = (kind: Kind, name: string) => and(eq(resources.kind, kind), eq(resources.name, name));

function change<K extends Kind>(
  db: Database,
  action: Write,
  kind: K,
  name: string,
  revision: number,
  columns: { body: Bodies[K] } | { deleting: true },
  author: Author,
): Promise<Updated<K>> {
  return db.transaction(async (transaction) => {
    const asRead = and(named(kind, name), eq(resources.revision, revision), eq(resources.deleting, false));
    const [written] = await transaction
      .update(resources)
      .set({ ...columns, revision: revision + 1 })
      .where(asRead)
      .returning();
    if (written) return acknowledge<K>(transaction, action, written, author);
    const [there] = await transaction.select().from(resources).where(named(kind, name));
    return there && !there.deleting ? { state: "stale", revision: there.revision } : { state: "absent" };
  });
}

async function purge(transaction: Database, kind: Kind, name: string, uid: string): Promise<void> {
  const thisOne = and(named(kind, name), eq(resources.uid, uid), eq(resources.deleting, true));
  const gone = await transaction.delete(resources).where(thisOne).returning({ name: resources.name });
  if (gone.length > 0) await notify(transaction, kind, name);
}

async function acknowledge<K extends Kind>(
  transaction: Database,
  action: Write,
  written: Resource,
  author: Author,
): Promise<{ state: "written"; resource: Resource<K> }> {
  await record(transaction, action, written, author);
  await notify(transaction, written.kind, written.name);
  return { state: "written", resource: written as Resource<K> };
}

/** Postgres sends it when the transaction commits, and never if it does not. */
async function notify(transaction: Database, kind: Kind, name: string) {
  await transaction.execute(sql`select pg_notify(${channel}, ${`${kind}/${name}`})`);
}

/** The kind may be one that only a newer gateway knows: whoever subscribes looks for the kinds it reads. */
function changeFrom(payload: string): Change {
  const slash = payload.indexOf("/");
  return { type: "changed", kind: payload.slice(0, slash) as Kind, name: payload.slice(slash + 1) };
}
