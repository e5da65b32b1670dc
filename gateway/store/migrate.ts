import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { Database } from "./audit.ts";
import { migrationsFolder } from "./schema.ts";

/** The database was used by a newer gateway. The message is for whoever started this one. */
export class NewerSchema extends Error {
  override readonly name = "NewerSchema";
  constructor() {
    super(
      "The database of STORE_URL has been used by a newer release of the gateway, which this one does not know: start that release, or restore a copy from before it.",
    );
  }
}

/** Whether migrations have to be applied. Throws {@link NewerSchema} for one that this program does not have. */
export async function isBehind(db: Database): Promise<boolean> {
  const known = new Set(readMigrationFiles({ migrationsFolder }).map(({ folderMillis }) => folderMillis));
  const applied = await appliedTo(db);
  if (applied.some((migration) => !known.has(migration))) throw new NewerSchema();
  return applied.length < known.size;
}

/** By the time at which each was made, which is how Drizzle notes them. */
async function appliedTo(db: Database): Promise<number[]> {
  const table = "drizzle.__drizzle_migrations";
  const [found] = rowsOf<{ name: string | null }>(await db.execute(sql`select to_regclass(${table})::text as name`));
  if (!found?.name) return [];
  const rows = rowsOf<{ created_at: string | number }>(await db.execute(sql`select created_at from ${sql.raw(table)}`));
  return rows.map((row) => Number(row.created_at));
}

/** postgres.js gives a list, PGlite an object that holds one. */
export function rowsOf<Row>(result: unknown): Row[] {
  return (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Row[];
}
