import { PGlite } from "@electric-sql/pglite";
import { emptyDatabaseFile } from "./empty-database.ts";

// A program: writes a packed empty database to standard output, or with --keep to where the next first start finds it.
// Log segments of 1 MiB: with the usual 16 an idle store takes 9 MB more, and a busy one up to 1 GB instead of 64 MB.
const client = await PGlite.create({ initDbStartParams: ["--wal-segsize=1"] });
await client.exec("CHECKPOINT");
const tar = await client.dumpDataDir("none");
const destination = process.argv.includes("--keep") ? Bun.file(emptyDatabaseFile) : Bun.stdout;
await Bun.write(destination, Bun.zstdCompressSync(await tar.bytes()));
process.exit(0);
