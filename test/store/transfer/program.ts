import { existsSync, writeSync } from "node:fs";
import { openPglite } from "../../../gateway/store/pglite.ts";
import { TransferFailure } from "../../../gateway/store/transfer/failure.ts";
import { notThereYet } from "../../../gateway/store/transfer/not-there-yet.ts";
import { type Parts, runTransfer } from "../../../gateway/store/transfer/program.ts";

/** The program over PGlite alone. */
export const openStore: Parts["openStore"] = async (url, use) => {
  const directory = url.slice("pglite:".length);
  if (use === "write" || existsSync(`${directory}/database`)) return openPglite({ directory });
  if (use === "rehearse") return notThereYet();
  throw new TransferFailure(`There is no database in ${directory}.`);
};

export type Ran = { code: number; out: string[]; err: string };

/** Runs a command line in this process. */
export async function run(...given: string[]): Promise<Ran> {
  const out: string[] = [];
  let err = "";
  const screen = {
    write: (text: string) => {
      err += text;
    },
  };
  const code = await runTransfer(given, { openStore, fetch, now: () => 0, out: (line) => out.push(line), screen });
  return { code, out, err };
}

// Run by broken-off.test.ts until it is killed: draws its progress, and waits for ever before it compares.
if (import.meta.main) {
  const write = (text: string) => {
    writeSync(2, text);
    if (text.includes("Comparing")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  const parts = {
    openStore,
    fetch,
    now: () => performance.now(),
    out: () => undefined,
    screen: { isTTY: true, write },
  };
  process.exitCode = await runTransfer(process.argv.slice(2), parts);
}
