import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";

/** The data directory belongs to another gateway that runs. The message is for whoever started this one. */
export class DirectoryInUse extends Error {
  override readonly name = "DirectoryInUse";
  constructor(directory: string) {
    super(
      `Another gateway uses ${directory}. Stop it, or start this one with another STORE_URL, for example STORE_URL=pglite:./other`,
    );
  }
}

/**
 * Makes the directory if need be and takes it for this process; throws {@link DirectoryInUse} when it is taken.
 * SQLite's lock is the kernel's, so a killed gateway leaves none behind. Keep what it returns: the lock goes with it.
 */
export function lockDirectory(directory: string): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = new Database(`${directory}/gateway.lock`);
  try {
    file.run("PRAGMA locking_mode = EXCLUSIVE");
    file.run("PRAGMA busy_timeout = 0");
    file.run("BEGIN EXCLUSIVE");
  } catch (error) {
    file.close();
    const taken = error instanceof Error && "code" in error && error.code === "SQLITE_BUSY";
    throw taken ? new DirectoryInUse(directory) : error;
  }
  return { [Symbol.dispose]: () => file.close() };
}
