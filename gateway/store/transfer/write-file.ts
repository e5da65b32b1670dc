import { createHash, type Hash } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { TransferFailure } from "./failure.ts";
import type { Progress } from "./move.ts";
import { kinds, spell } from "./record.ts";
import type { Source } from "./source.ts";

/** What a file is, in its first line. The version counts up whenever a body of before needs to be changed to be valid. */
export const header = { format: "mcp-gateway-store", version: 1 };

/** Records that are spelled before they are written. */
const atOnce = 100;

/** Its last line: what came before, and the SHA-256 of it in hex. */
export type End = { counts: Record<string, number>; sha256: string };

/**
 * Writes a source to a new file that only its owner can read: JSON lines in their one canonical spelling, by kind and name,
 * then the trail. Equal stores give equal files. It has its name once it is whole and on the disk.
 */
export async function writeFile(
  source: Source,
  path: string,
  { withAudit }: { withAudit: boolean },
  progress: Progress,
): Promise<End> {
  refuseExisting(path);
  const unfinished = `${path}.part`;
  await rm(unfinished, { force: true });
  try {
    const end = await writeTo(unfinished, source, withAudit, progress);
    refuseExisting(path);
    await rename(unfinished, path);
    return end;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

export function refuseExisting(path: string): void {
  if (existsSync(path)) throw new TransferFailure(`${path} exists already. Name a new file, or move that one away.`);
}

async function writeTo(path: string, source: Source, withAudit: boolean, progress: Progress): Promise<End> {
  await using file = await opened(path);
  const hash = createHash("sha256");
  const counts: Record<string, number> = Object.fromEntries([...kinds, "audit"].map((kind) => [kind, 0]));
  const count = (of: string, more: number) => {
    counts[of] = (counts[of] ?? 0) + more;
  };

  await write(file, hash, [header]);
  const { length: total } = source.resources;
  for (let done = 0; done < total; done += atOnce) {
    progress("Writing records", done, total);
    const some = source.resources.slice(done, done + atOnce);
    await write(
      file,
      hash,
      some.map((resource) => ({ resource })),
    );
    for (const { kind } of some) count(kind, 1);
  }
  if (total > 0) progress("Writing records", total, total);
  for await (const piece of withAudit ? source.trail() : []) {
    await write(
      file,
      hash,
      piece.map((entry) => ({ entry })),
    );
    count("audit", piece.length);
    progress("Writing the audit trail", counts["audit"] ?? 0);
  }
  const end = { counts, sha256: hash.digest("hex") };
  await file.appendFile(`${spell({ end })}\n`);
  await file.sync();
  return end;
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new TransferFailure(`${path} cannot be written (${code}).`);
  }
}

async function write(file: FileHandle, hash: Hash, records: object[]) {
  const text = records.map((record) => `${spell(record)}\n`).join("");
  hash.update(text);
  await file.appendFile(text);
}
