import { and, asc, eq } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import { audit } from "./schema.ts";
import type { Author, Kind, Resource } from "./store.ts";

/** A Drizzle handle or one of its transactions, of whichever Postgres driver. */
export type Database = PgDatabase<PgQueryResultHKT>;

export type AuditEntry = typeof audit.$inferSelect;

/** Notes a write. Give it the transaction of that write, so that neither is ever there without the other. */
export async function record(
  transaction: Database,
  action: AuditEntry["action"],
  { kind, name, uid, revision }: Resource,
  { id, requestId }: Author,
): Promise<void> {
  await transaction.insert(audit).values({ actor: id, action, kind, name, uid, revision, requestId });
}

/** What was ever written under this name, oldest first, deleted resources of the same name included. */
export function auditOf(db: Database, kind: Kind, name: string): Promise<AuditEntry[]> {
  return db
    .select()
    .from(audit)
    .where(and(eq(audit.kind, kind), eq(audit.name, name)))
    .orderBy(asc(audit.id));
}
