import { expect, test } from "bun:test";
import { NewerSchema } from "../../gateway/store/migrate.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("a directory that a newer release had is left as it is, and not kept locked", async () => {
  await using directory = await temporaryDirectory();
  const open = () => openPglite({ directory: directory.path });
  const store = await open();
  await store.db.execute("insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9999999999999)");
  await store[Symbol.asyncDispose]();
  await expect(open()).rejects.toThrow(
    "The database of STORE_URL has been used by a newer release of the gateway, which this one does not know: start that release, or restore a copy from before it.",
  );
  await expect(open()).rejects.toBeInstanceOf(NewerSchema);
});
