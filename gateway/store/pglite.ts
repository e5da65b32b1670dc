import { existsSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { emptyDatabase, layEmptyDatabase } from "./empty-database.ts";
import { lockDirectory } from "./lock.ts";
import { isBehind } from "./migrate.ts";
import { migrationsFolder } from "./schema.ts";
import { type SqlStore, sqlStore } from "./sql-store.ts";

// A sixteenth of the default, and half of the process' memory; the tables are small.
const startParams = [...PGlite.defaultStartParams, "-c", "shared_buffers=8MB"];

/**
 * Opens the store in a local directory, which is made at the first start, or in memory when none is given.
 * Throws `DirectoryInUse` when another gateway has the directory, `NewerSchema` when a newer release had it. An acknowledged write survives the death of the
 * process, but not of the machine: PGlite never calls fsync.
 */
export async function openPglite({ directory }: { directory?: string }): Promise<SqlStore> {
  await using opening = new AsyncDisposableStack();
  const client =
    directory === undefined
      ? await PGlite.create({ startParams, loadDataDir: await emptyDatabase() })
      : await openIn(directory, opening);
  opening.defer(() => client.close());
  const db = drizzle(client);
  if (await isBehind(db)) await migrate(db, { migrationsFolder });

  const opened = opening.move();
  return sqlStore({
    db,
    // In one process with its only client: it is never away, so there is nothing to reset.
    listen: (channel, onPayload) => client.listen(channel, onPayload),
    changesAgeMs: () => 0,
    newUid: () => crypto.randomUUID(),
    close: () => opened.disposeAsync(),
  });
}

async function openIn(directory: string, opening: AsyncDisposableStack): Promise<PGlite> {
  opening.use(lockDirectory(directory));
  const dataDir = `${directory}/database`;
  if (!existsSync(dataDir)) await layEmptyDatabase(directory, dataDir);
  try {
    return await PGlite.create({ startParams, dataDir });
  } catch (cause) {
    // What PGlite throws says as little as "Aborted()".
    const cure = "Restore it from a copy, or move it away to start with an empty one.";
    throw new Error(`The database in ${dataDir} cannot be opened. ${cure}`, { cause });
  }
}
