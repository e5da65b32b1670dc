import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { eventsTo } from "../../../gateway/observe/events.ts";
import { openLog } from "../../../gateway/observe/logs/log.ts";
import { openStoreAt } from "../../../gateway/parts.ts";
import { runTransfer } from "../../../gateway/store/transfer/program.ts";
import { cosmosEmulator } from "../../support/cosmos.ts";
import { hasPostgres, sharedPostgres } from "../../support/postgres.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { fill } from "./inventory.ts";

const events = eventsTo(openLog("silent"));

/** Runs a command line over every store there is; throws what it complains of. */
async function run(...given: string[]): Promise<string[]> {
  const out: string[] = [];
  let err = "";
  const screen = {
    write: (text: string) => {
      err += text;
    },
  };
  const parts = { openStore: (url: string) => openStoreAt(url, { events }), fetch, now: () => 0, screen };
  if ((await runTransfer(given, { ...parts, out: (line) => out.push(line) })) !== 0) throw new Error(err);
  return out;
}

test.if(hasPostgres)(
  "PGlite to PostgreSQL and back: the file that each gives is the same to the byte",
  async () => {
    await using directory = await temporaryDirectory();
    const server = await sharedPostgres();
    await fill(`${directory.path}/a`, 120);
    await sameThroughout(directory.path, server.url(await server.createDatabase()));
  },
  60_000,
);

test("PGlite to Cosmos DB and back: the file that each gives is the same to the byte", async () => {
  await using directory = await temporaryDirectory();
  await using emulator = await cosmosEmulator();
  await fill(`${directory.path}/a`, 120);
  await sameThroughout(directory.path, emulator.url());
}, 60_000);

/** Copies there and back, and exports all three. */
async function sameThroughout(directory: string, between: string): Promise<void> {
  const [a, b] = [`pglite:${directory}/a`, `pglite:${directory}/b`];
  const copied = "Copied 42 adapters, 41 virtual servers, 41 tools and 10 audit entries.";
  expect(await run("copy", a, between)).toEqual([copied, "Read back and compared: all of it is there."]);
  await run("copy", between, b);
  const texts: string[] = [];
  for (const [index, store] of [a, between, b].entries()) {
    await run("export", store, `${directory}/${index}`);
    texts.push(await readFile(`${directory}/${index}`, "utf8"));
  }
  expect(texts[0]).toContain('"name":"many-119"');
  expect(texts.slice(1)).toEqual([texts[0] ?? "", texts[0] ?? ""]);
}
