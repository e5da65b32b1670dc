import { sql } from "drizzle-orm";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import { isBehind, rowsOf } from "./migrate.ts";
import { migrationsFolder } from "./schema.ts";

/** Any number, the same in all gateways. */
const lockKey = 727_272;
/** How long one gateway waits for another that brings the database up to date. */
const lockTimeout = "60s";
const migrationTimeout = "10min";

/** The user or the server allows no writing. The message says what to do. */
export class ReadOnly extends Error {
  override readonly name = "ReadOnly";
}

/**
 * Brings the tables up to date, in one transaction and one gateway at a time, and makes sure that the user may write. Where
 * there is nothing to do, nothing is changed and no right to change tables is needed.
 */
export async function preparePostgres(db: PostgresJsDatabase): Promise<void> {
  const [is] = rowsOf<{ read_only: string }>(
    await db.execute(sql`select current_setting('transaction_read_only') as read_only`),
  );
  if (is?.read_only === "on")
    throw new ReadOnly("takes no writes: it is a replica, or default_transaction_read_only is on");
  if (await isBehind(db)) await db.transaction(bringUpToDate);
  await checkRights(db);
}

async function bringUpToDate(transaction: PostgresJsDatabase): Promise<void> {
  await transaction.execute(sql.raw(`set local lock_timeout = '${lockTimeout}'`));
  await transaction.execute(sql.raw(`set local statement_timeout = '${migrationTimeout}'`));
  await transaction.execute(sql`select pg_advisory_xact_lock(${lockKey})`);
  // Another may have done it meanwhile.
  if (await isBehind(transaction)) await migrate(transaction, { migrationsFolder });
}

async function checkRights(db: PostgresJsDatabase): Promise<void> {
  const asked = sql`select has_table_privilege('resources', 'select') and has_table_privilege('resources', 'insert')
    and has_table_privilege('resources', 'update') and has_table_privilege('resources', 'delete')
    and has_table_privilege('audit', 'select') and has_table_privilege('audit', 'insert')
    and has_table_privilege('audit', 'delete')
    and has_sequence_privilege(pg_get_serial_sequence('audit', 'id'), 'usage') as allowed`;
  const [rights] = rowsOf<{ allowed: boolean }>(await db.execute(asked));
  if (!rights?.allowed) throw new ReadOnly(`does not let this user write the tables "resources" and "audit"`);
}
