import { and, asc, desc, eq, gte, inArray, lt, lte, or, type SQL } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type { AuditEntry, AuditQuery } from "../../openapi/audit.ts";
import { type AuditCursor, cursorAt, cursorFrom } from "./audit-cursor.ts";
import { audit } from "./schema.ts";
import type { AuditRead, Author, CallEntry, Kind, Resource } from "./store.ts";

/** A Drizzle handle or one of its transactions, of whichever Postgres driver. */
export type Database = PgDatabase<PgQueryResultHKT>;

export type Write = Exclude<AuditEntry["action"], "call">;
type Row = typeof audit.$inferSelect;

/** Notes a write. Give it the transaction of that write, so that neither is ever there without the other. */
export async function record(
  transaction: Database,
  action: Write,
  { kind, name, uid, revision }: Resource,
  { id, requestId }: Author,
): Promise<void> {
  await transaction.insert(audit).values({ actor: id, action, kind, name, uid, revision, requestId });
}

/** One statement, so all of them or none. */
export async function recordCalls(db: Database, entries: readonly CallEntry[]): Promise<void> {
  if (entries.length > 0) await db.insert(audit).values([...entries]);
}

/**
 * A page begins after the row where the last one ended, by its time and id: rows that come or go meanwhile neither
 * repeat nor hide any other.
 */
export async function readAudit(db: Database, query: AuditQuery): Promise<AuditRead> {
  const cursor = query.cursor === undefined ? undefined : cursorFrom(query.cursor);
  if (query.cursor !== undefined && !cursor) return { state: "unknown-cursor" };
  const rows = await db
    .select()
    .from(audit)
    .where(and(...filters(query), cursor && olderThan(cursor)))
    .orderBy(desc(audit.at), desc(audit.id))
    // One more tells whether there is another page.
    .limit(query.limit + 1);
  const page = rows.slice(0, query.limit);
  const last = rows.length > page.length ? page.at(-1) : undefined;
  return { state: "read", entries: page.map(entryOf), next: last ? cursorAt(last) : null };
}

export async function purgeAudit(db: Database, before: Date, max: number): Promise<number> {
  const oldest = db.select({ id: audit.id }).from(audit).where(lt(audit.at, before));
  const some = oldest.orderBy(asc(audit.at), asc(audit.id)).limit(max);
  const gone = await db.delete(audit).where(inArray(audit.id, some)).returning({ id: audit.id });
  return gone.length;
}

/** What was ever noted of this name, oldest first, deleted resources of the same name included. */
export function auditOf(db: Database, kind: Kind, name: string): Promise<Row[]> {
  return db
    .select()
    .from(audit)
    .where(and(eq(audit.kind, kind), eq(audit.name, name)))
    .orderBy(asc(audit.id));
}

function filters({ actor, action, kind, name, tool, outcome, since, until }: AuditQuery): (SQL | undefined)[] {
  return [
    actor === undefined ? undefined : eq(audit.actor, actor),
    action && eq(audit.action, action),
    kind && eq(audit.kind, kind),
    name === undefined ? undefined : eq(audit.name, name),
    tool === undefined ? undefined : eq(audit.tool, tool),
    outcome && eq(audit.outcome, outcome),
    since === undefined ? undefined : gte(audit.at, new Date(since)),
    until === undefined ? undefined : lt(audit.at, new Date(until)),
  ];
}

function olderThan({ at, id }: AuditCursor): SQL | undefined {
  // The first condition is implied by the second; it is what an index can begin at.
  return and(lte(audit.at, at), or(lt(audit.at, at), lt(audit.id, id)));
}

function entryOf({ id, at, ...row }: Row): AuditEntry {
  return { id: String(id), at: at.toISOString(), ...row };
}
