import { writeSync } from "node:fs";
import { openPglite } from "../../gateway/store/pglite.ts";
import { adapterBody, author } from "./records.ts";

// Run by crash.test.ts until it is killed: writes without end, and prints each write once it is acknowledged.
const [directory, run] = process.argv.slice(2);
if (!directory || !run) throw new Error("usage: crash-writer.ts <directory> <run>");
const store = await openPglite({ directory });

for (let count = 0; ; count++) {
  const name = `run-${run}-${count}`;
  await acknowledged(name, 1, store.create("adapter", name, adapterBody(name), author));
  await acknowledged(name, 2, store.update("adapter", name, 1, adapterBody(name, { replicaCount: 2 }), author));
  if (count % 2 === 0) await acknowledged(name, 3, store.markDeleting("adapter", name, 2, author));
}

async function acknowledged(name: string, revision: number, write: Promise<{ state: string }>): Promise<void> {
  const { state } = await write;
  if (state !== "written") throw new Error(`${name} at ${revision}: ${state}`);
  writeSync(1, `${name} ${revision}\n`);
}
