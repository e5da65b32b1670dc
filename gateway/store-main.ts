import { existsSync } from "node:fs";
import { directoryOf } from "./config.ts";
import { eventsTo } from "./observe/events.ts";
import { openLog, openReadableLog } from "./observe/logs/log.ts";
import { openStoreAt } from "./parts.ts";
import { TransferFailure } from "./store/transfer/failure.ts";
import { notThereYet } from "./store/transfer/not-there-yet.ts";
import { runTransfer, type Use } from "./store/transfer/program.ts";

const events = eventsTo(process.stdout.isTTY ? await openReadableLog("error") : openLog("error"));

// Moves what a gateway keeps from one store to another: `npm run store -- --help`.
process.exitCode = await runTransfer(process.argv.slice(2), {
  openStore,
  fetch,
  now: () => performance.now(),
  out: (line) => process.stdout.write(`${line}\n`),
  screen: process.stderr,
});

/** A laptop's store is made by its first start: not by reading it, nor by a dry run. */
async function openStore(url: string, use: Use) {
  const directory = directoryOf(url);
  if (use === "write" || directory === undefined || existsSync(`${directory}/database`))
    return openStoreAt(url, { events });
  if (use === "rehearse") return notThereYet();
  throw new TransferFailure(`There is no database in ${directory}.`);
}
