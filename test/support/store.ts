import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Store } from "../../gateway/store/store.ts";

/** A PGlite store of its own, gone with the test. */
export async function temporaryStore(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), "store-"));
  const store = await openPglite({ directory });
  const close = store[Symbol.asyncDispose].bind(store);
  return Object.assign(store, {
    async [Symbol.asyncDispose]() {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  });
}
