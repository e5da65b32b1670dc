import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The random id that marks this data directory's processes, made at the first call. Whoever holds the lock on the directory may
 * end every process that carries it. The file is for its owner's eyes only.
 */
export async function ownerOf(dataDirectory: string): Promise<string> {
  await mkdir(dataDirectory, { recursive: true });
  const file = join(dataDirectory, "owner");
  const made = `${file}.${randomUUID()}`;
  await writeFile(made, `${randomUUID()}\n`, { mode: 0o600 });
  try {
    // The name appears with the whole id in it, or not at all: neither a second caller nor a crash finds half of it.
    await link(made, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(made);
  }
  const owner = (await readFile(file, "utf8")).trim();
  if (!/^[0-9a-f-]{36}$/.test(owner)) throw new Error(`${file} holds no owner id; delete it if no gateway uses it`);
  return owner;
}
