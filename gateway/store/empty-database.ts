import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { root } from "../root.ts";

/** Where `npm ci` keeps an empty database ready, as a packed tar. */
export const emptyDatabaseFile = `${root}/node_modules/.cache/mcp-gateway/empty-database.tar.zst`;

/**
 * An empty database as PGlite loads it. Kept ready, it takes 0.2 s. Otherwise initdb makes it now, in 3 to 6 s and in a
 * process of its own, since it takes 900 MB that a process keeps.
 */
export async function emptyDatabase(file = emptyDatabaseFile): Promise<Blob> {
  const kept = Bun.file(file);
  return unpacked((await kept.exists()) ? await kept.bytes() : await madeNow());
}

/**
 * Puts an empty database at `place`, where nothing is yet. It is made beside its place and moved there when it is
 * whole, so that a first start broken off leaves none that is half made. The caller has locked the directory.
 */
export async function layEmptyDatabase(directory: string, place: string): Promise<void> {
  const prefix = "database.new-";
  const brokenOff = (await readdir(directory)).filter((name) => name.startsWith(prefix));
  for (const name of brokenOff) await rm(`${directory}/${name}`, { recursive: true });

  const fresh = await mkdtemp(`${directory}/${prefix}`);
  await new Bun.Archive(await emptyDatabase()).extract(fresh);
  await rename(fresh, place);
}

function unpacked(tar: Uint8Array): Blob {
  return new Blob([Bun.zstdDecompressSync(tar)]);
}

async function madeNow(): Promise<Uint8Array> {
  const making = Bun.spawn([process.execPath, `${root}/gateway/store/make-empty-database.ts`], { env: {} });
  const packed = await new Response(making.stdout).bytes();
  if ((await making.exited) !== 0) throw new Error("PGlite could not make an empty database.");
  return packed;
}
