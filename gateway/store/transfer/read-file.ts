import { createHash, type Hash } from "node:crypto";
import type { Resource, TrailEntry } from "../store.ts";
import { printable, TransferFailure } from "./failure.ts";
import { linesOf } from "./lines.ts";
import { entryFrom, resourceFrom } from "./record.ts";
import type { Source } from "./source.ts";
import { type End, header } from "./write-file.ts";

/** Entries of the trail that are handed on at once, where their times let them be parted. */
const pieceSize = 500;

type Line = { resource?: unknown; entry?: unknown; end?: unknown };

/** Reads a file to its end before anything is made of it. Throws when it is not whole, not as it was written, or no such file. */
export async function fromFile(path: string): Promise<Source> {
  const resources: Resource[] = [];
  const counts: Record<string, number> = {};
  const hash = createHash("sha256");
  let end: End | undefined;
  let number = 0;
  for await (const text of linesOf(path)) {
    number++;
    if (end) throw new TransferFailure(`${path} goes on after its last line.`);
    const line = parse(text, path, number);
    if (number === 1) checkHeader(line, path);
    else if (line.end !== undefined) end = line.end as End;
    else count(counts, take(line, resources, `${path}, line ${number}`));
    if (!end) hash.update(text).update("\n");
  }
  checkEnd(end, counts, hash, path);
  return { resources, trail: () => trailIn(path), notes: [] };
}

function parse(text: string, path: string, number: number): Line {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === "object" && line !== null) return line;
  } catch {
    // Said below: the error would quote the line.
  }
  throw new TransferFailure(number === 1 ? notOurs(path) : `${path}, line ${number}: not a record. Export it again.`);
}

function checkHeader(line: object, path: string): void {
  const { format, version } = line as Partial<typeof header>;
  if (format !== header.format) throw new TransferFailure(notOurs(path));
  if (version === header.version) return;
  throw new TransferFailure(
    `${path} has version ${JSON.stringify(version)} of the format; this release reads version 1.`,
  );
}

/** The kind of what the line holds. */
function take({ resource, entry }: Line, resources: Resource[], where: string): string {
  try {
    if (resource === undefined) {
      entryFrom(entry);
      return "audit";
    }
    const taken = resourceFrom(resource);
    resources.push(taken);
    return taken.kind;
  } catch (error) {
    if (error instanceof TransferFailure) throw new TransferFailure(`${where}: ${printable(error.message)}`);
    throw error;
  }
}

function count(counts: Record<string, number>, of: string): void {
  counts[of] = (counts[of] ?? 0) + 1;
}

function checkEnd(end: End | undefined, counts: Record<string, number>, hash: Hash, path: string): void {
  if (!end) throw new TransferFailure(`${path} is not whole: its last line is missing. Export it again.`);
  const isAsWritten =
    end.sha256 === hash.digest("hex") &&
    Object.entries(end.counts ?? {}).every(([of, many]) => (counts[of] ?? 0) === many);
  if (!isAsWritten) throw new TransferFailure(`${path} was changed after it was written. Export it again.`);
}

function notOurs(path: string): string {
  return `${path} is no file that "export" wrote.`;
}

/** Again from the file, so that a trail need not fit into memory. */
async function* trailIn(path: string): AsyncGenerator<TrailEntry[]> {
  let piece: TrailEntry[] = [];
  for await (const text of linesOf(path)) {
    const { entry } = JSON.parse(text) as Line;
    if (entry === undefined) continue;
    const next = entryFrom(entry);
    if (piece.length >= pieceSize && piece.at(-1)?.at !== next.at) {
      yield piece;
      piece = [];
    }
    piece.push(next);
  }
  if (piece.length > 0) yield piece;
}
