import { readFile } from "node:fs/promises";
import { type Resource, type RestorableStore, StoreUnavailable } from "../store.ts";
import { help, isRest, type Move, readArguments } from "./arguments.ts";
import { listed, TransferFailure } from "./failure.ts";
import { type Fetch, fromRest } from "./from-rest.ts";
import { countsOf, type Moved, move, type Progress } from "./move.ts";
import { progressOn, type Screen } from "./progress.ts";
import { fromFile } from "./read-file.ts";
import { kinds } from "./record.ts";
import { countSecretValues, withoutSecretValues } from "./secrets.ts";
import { fromStore, type Source } from "./source.ts";
import { refuseExisting, writeFile } from "./write-file.ts";

/**
 * How a store is to be opened. `read`: it must be there. `rehearse`: one that is not there yet counts as empty, and is not
 * made. `write`: it is made if need be.
 */
export type Use = "read" | "rehearse" | "write";

export type Parts = {
  /** Throws what is to be said when it cannot be opened. */
  readonly openStore: (url: string, use: Use) => Promise<RestorableStore>;
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly out: (line: string) => void;
  /** For progress and failures. */
  readonly screen: Screen;
};

/** Does what a command line says, and resolves with the exit code. */
export async function runTransfer(given: readonly string[], parts: Parts): Promise<0 | 1 | 2> {
  const command = readArguments(given);
  if (command.verb === "help") {
    parts.out(help.trimEnd());
    return 0;
  }
  if (command.verb === "wrong") {
    parts.screen.write(`${command.why} --help tells more.\n`);
    return 2;
  }
  const { progress, end } = progressOn(parts.screen, parts.now);
  try {
    for (const line of await run(command, parts, progress, end)) parts.out(line);
    return 0;
  } catch (error) {
    end();
    parts.screen.write(`${sentenceOf(error)}\n`);
    return 1;
  }
}

/** What to say at the end. */
async function run(command: Move, parts: Parts, progress: Progress, end: () => void): Promise<string[]> {
  await using opened = new AsyncDisposableStack();
  const { verb, to, dryRun, withAudit, withSecrets } = command;
  if (verb === "export") refuseExisting(to);
  const source = await openSource(command, parts, opened);
  if (verb === "export") return await exportTo(to, source, command, progress, end);

  const store = opened.use(await parts.openStore(to, dryRun ? "rehearse" : "write"));
  const options = { ...command, withAudit, emptySecrets: !withSecrets };
  const moved = await move(source, store, options, progress);
  end();
  return [...summary(moved, command), ...notesOf(source)];
}

async function openSource(command: Move, parts: Parts, opened: AsyncDisposableStack): Promise<Source> {
  const { verb, from } = command;
  if (verb === "import") return fromFile(from);
  if (isRest(from)) return fromRest(restBase(from), await headersOf(command.headers), parts.fetch);
  const source = await fromStore(opened.use(await parts.openStore(from, "read")));
  return command.withSecrets ? source : { ...source, resources: source.resources.map(withoutSecretValues) };
}

async function exportTo(path: string, source: Source, command: Move, progress: Progress, end: () => void) {
  const { dryRun, withAudit } = command;
  const entries = dryRun
    ? await countEntries(source, withAudit)
    : ((await writeFile(source, path, { withAudit }, progress)).counts["audit"] ?? 0);
  end();
  const counted = counts(source.resources, entries);
  if (dryRun) return [`Would export ${counted} to ${path}. Nothing was written.`];
  const secrets = countSecretValues(source.resources);
  const values = secrets === 1 ? "the value of 1 secret" : `the values of ${secrets} secrets`;
  const warning = `${path} has ${values} in it. Only its owner can read it: keep it so.`;
  return [`Exported ${counted} to ${path}.`, ...(secrets > 0 ? [warning] : []), ...notesOf(source)];
}

async function countEntries(source: Source, withAudit: boolean): Promise<number> {
  let entries = 0;
  for await (const piece of withAudit ? source.trail() : []) entries += piece.length;
  return entries;
}

function summary(moved: Moved, { dryRun, verb, withAudit }: Move): string[] {
  const verbs = { import: ["Imported", "Would import"], copy: ["Copied", "Would copy"], export: ["", ""] }[verb];
  const skipped = moved.skippedResources + moved.skippedEntries;
  return [
    `${verbs[dryRun ? 1 : 0]} ${counts(moved.resources, moved.entries)}.`,
    ...(skipped > 0
      ? [`${moved.skippedResources} records and ${moved.skippedEntries} audit entries were there before.`]
      : []),
    ...(dryRun
      ? ["Nothing was written."]
      : [`Read back and compared: all of it is there${withAudit ? "" : ", the trail aside"}.`]),
  ];
}

function counts(resources: readonly Resource[], entries: number): string {
  const of = countsOf(resources);
  const parts = kinds.map((kind) => plural(of[kind] ?? 0, kind === "server" ? "virtual server" : kind));
  return `${parts.join(", ")} and ${entries} audit ${entries === 1 ? "entry" : "entries"}`;
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function notesOf({ notes }: Source): string[] {
  return notes.length > 0 ? ["Changed on the way:", ...listed(notes)] : [];
}

/** Without TLS only to this machine, as through `kubectl port-forward`: a token may go with it. */
function restBase(from: string): string {
  const url = URL.parse(from);
  if (!url) throw new TransferFailure("FROM is no URL.");
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === "http:" && !isHere)
    throw new TransferFailure("FROM must begin with https:// unless it is on this machine.");
  if (url.username || url.password || url.search)
    throw new TransferFailure("FROM takes its token by --header, not in its URL.");
  return `${url.origin}${url.pathname}`;
}

async function headersOf(given: readonly string[]): Promise<Headers> {
  const headers = new Headers({ accept: "application/json" });
  const lines = await Promise.all(given.map((text) => (text.startsWith("@") ? fileLines(text.slice(1)) : [text])));
  for (const line of lines.flat()) {
    const colon = line.indexOf(":");
    try {
      if (colon < 1) throw new TypeError("no name");
      headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      throw new TransferFailure('A header is a name, a colon and a value, such as "authorization: Bearer …".');
    }
  }
  return headers;
}

async function fileLines(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => {
    throw new TransferFailure(`The file of headers ${path} cannot be read.`);
  });
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** In words for people. A driver's own error quotes the statement, and with it what must not be shown: its cause does not. */
function sentenceOf(error: unknown): string {
  if (error instanceof TransferFailure || error instanceof StoreUnavailable) return error.message;
  if (!(error instanceof Error)) return "It failed for no reason that was given.";
  return error.cause instanceof Error ? sentenceOf(error.cause) : error.message;
}
