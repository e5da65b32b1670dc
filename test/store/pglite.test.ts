import { expect, test } from "bun:test";
import { mkdir, readdir, rm } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { migrate } from "drizzle-orm/pglite/migrator";
import { emptyDatabase } from "../../gateway/store/empty-database.ts";
import { DirectoryInUse } from "../../gateway/store/lock.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import { migrationsFolder } from "../../gateway/store/schema.ts";
import type { SqlStore } from "../../gateway/store/sql-store.ts";
import { adapterBody, author, written } from "./records.ts";
import { sqlStoreSuite } from "./sql-store.suite.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

sqlStoreSuite("PGlite in a directory", openInTemporaryDirectory);
sqlStoreSuite("PGlite in memory", () => openPglite({}));

test("a store opened again has what it had, and goes on from there", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/made/on/the/way`;
  const first = await openPglite({ directory: path });
  const created = written(await first.create("adapter", "weather", adapterBody("weather"), author));
  await first[Symbol.asyncDispose]();

  await using second = await openPglite({ directory: path });
  expect(await second.list("adapter")).toEqual([created]);
  const updated = written(await second.update("adapter", "weather", 1, adapterBody("weather"), author));
  expect(updated).toMatchObject({ uid: created.uid, revision: 2 });
});

test("a database of an earlier release keeps its records and its trail, and adapters stay out of the tool router", async () => {
  await using directory = await temporaryDirectory();
  await openAtFirstMigration(directory.path);

  await using store = await openPglite({ directory: directory.path });
  const created = written(await store.create("adapter", "weather", adapterBody("weather"), author));
  const [earlier, later, ...more] = await store.list("adapter");
  expect(earlier).toMatchObject({
    name: "earlier",
    revision: 7,
    body: { imageName: "kept", exposeTools: false, pod: null },
  });
  expect((await store.get("tool", "earlier-tool"))?.body).toEqual({ name: "earlier-tool", pod: null } as never);
  expect([later, more]).toEqual([created, []]);
  const trail = await store.audit({ limit: 10, name: "earlier" });
  expect(trail).toMatchObject({
    next: null,
    entries: [
      { actor: "ada", action: "update", revision: 7, outcome: "ok", at: "2026-11-01T00:00:00.123Z", tool: null },
    ],
  });
});

/** As the first release left it, with one adapter and one tool, and one entry in the trail. */
async function openAtFirstMigration(directory: string): Promise<void> {
  const first = "0000_resources_and_audit";
  const journal = (await Bun.file(`${migrationsFolder}/meta/_journal.json`).json()) as { entries: { tag: string }[] };
  const entries = journal.entries.filter(({ tag }) => tag === first);
  await Bun.write(`${directory}/migrations/meta/_journal.json`, JSON.stringify({ ...journal, entries }));
  await Bun.write(`${directory}/migrations/${first}.sql`, Bun.file(`${migrationsFolder}/${first}.sql`));
  const client = await PGlite.create({ dataDir: `${directory}/database`, loadDataDir: await emptyDatabase() });
  await migrate(drizzle(client), { migrationsFolder: `${directory}/migrations` });
  await client.exec(`insert into audit (at, actor, action, kind, name, uid, revision, request_id) values
    ('2026-11-01 00:00:00.123456Z', 'ada', 'update', 'adapter', 'earlier', gen_random_uuid(), 7, 'r')`);
  await client.exec(`insert into resources values
    ('adapter', 'earlier', gen_random_uuid(), 7, false, '{"name": "earlier", "imageName": "kept"}'),
    ('tool', 'earlier-tool', gen_random_uuid(), 1, false, '{"name": "earlier-tool"}')`);
  await client.close();
}

test("an open store keeps its directory to itself, through garbage collections; a closed one answers no more", async () => {
  await using directory = await temporaryDirectory();
  const store = await openPglite({ directory: directory.path });
  Bun.gc(true);
  await expect(openPglite({ directory: directory.path })).rejects.toBeInstanceOf(DirectoryInUse);
  expect(await store.list("adapter")).toEqual([]);
  await store[Symbol.asyncDispose]();
  await expect(store.list("adapter")).rejects.toThrow();
});

test("a first start that was broken off leaves nothing that the next one trips over", async () => {
  await using directory = await temporaryDirectory();
  await mkdir(`${directory.path}/database.new-broken/base`, { recursive: true });
  await Bun.write(`${directory.path}/database.new-broken/PG_VERSION`, "18\n");

  await using store = await openPglite({ directory: directory.path });
  expect(await store.list("adapter")).toEqual([]);
  const databases = (await readdir(directory.path)).filter((name) => name.startsWith("database"));
  expect(databases).toEqual(["database"]);
});

test("who has a damaged database is told what to do, and its directory is not kept locked", async () => {
  await using directory = await temporaryDirectory();
  await mkdir(`${directory.path}/database`);
  await Bun.write(`${directory.path}/database/PG_VERSION`, "9\n");
  const open = () => openPglite({ directory: directory.path });
  const damaged = `The database in ${directory.path}/database cannot be opened. Restore it from a copy, or move it away to start with an empty one.`;
  await expect(open()).rejects.toThrow(damaged);
  await rm(`${directory.path}/database`, { recursive: true });
  await using store = await open();
  expect(await store.list("adapter")).toEqual([]);
});

test("in-memory stores know nothing of each other", async () => {
  await using one = await openPglite({});
  await using other = await openPglite({});
  await one.create("adapter", "weather", adapterBody("weather"), author);
  expect(await other.list("adapter")).toEqual([]);
});

async function openInTemporaryDirectory(): Promise<SqlStore> {
  const directory = await temporaryDirectory();
  const store = await openPglite({ directory: directory.path });
  const close = async () => {
    await store[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  return { ...store, [Symbol.asyncDispose]: close };
}

test("where no empty database is kept ready, one is made", async () => {
  await using directory = await temporaryDirectory();
  await new Bun.Archive(await emptyDatabase("/nowhere/empty-database.tar.zst")).extract(directory.path);
  expect(await Bun.file(`${directory.path}/PG_VERSION`).text()).toBe("18\n");
}, 60_000);
