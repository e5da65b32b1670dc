import { kindsSharingNames, maxRestored, type Kind, type RestorableStore, type Resource } from "../store.ts";
import { failureOver, TransferFailure } from "./failure.ts";
import { bare, spell, titleOf } from "./record.ts";
import { secretsWithoutValue } from "./secrets.ts";
import { fromStore, type Source } from "./source.ts";
import { missingIn, restorePiece } from "./trail.ts";

export type MoveOptions = {
  readonly dryRun: boolean;
  /** Records that are there already and equal are passed over; otherwise any name that is taken stops the move. */
  readonly skipExisting: boolean;
  readonly withAudit: boolean;
  /** Secrets may come without their values. */
  readonly emptySecrets: boolean;
};

/** Told of each step; `total` is undefined where nobody knows it beforehand. */
export type Progress = (step: string, done: number, total?: number) => void;

/** What was written, or with `dryRun` would be; `skipped` was there before. */
export type Moved = {
  readonly resources: readonly Resource[];
  readonly skippedResources: number;
  readonly entries: number;
  readonly skippedEntries: number;
};

/**
 * Brings all of a source into a store, then reads the store and compares. Nothing is written before all names are known to
 * be free; a move that is broken off leaves whole records, and goes on with `skipExisting`. Entries of the trail that are
 * there already are never written twice. Throws `TransferFailure`.
 */
export async function move(
  source: Source,
  to: RestorableStore,
  options: MoveOptions,
  progress: Progress,
): Promise<Moved> {
  const empty = options.emptySecrets ? [] : secretsWithoutValue(source.resources);
  if (empty.length > 0) {
    throw failureOver("These secrets have no value here; --without-secrets moves their records all the same:", empty);
  }
  const resources = newOnes(source.resources, (await fromStore(to)).resources, options.skipExisting);
  const skippedResources = source.resources.length - resources.length;
  if (!options.dryRun) await restoreAll(resources, to, progress);
  const trail = options.withAudit ? await moveTrail(source, to, options.dryRun, progress) : { added: 0, there: 0 };
  if (!options.dryRun) await compareAll(source, to, options.withAudit, progress);
  return { resources, skippedResources, entries: trail.added, skippedEntries: trail.there };
}

/** Those that have to be written. Throws when a name is taken, and names all that are. */
function newOnes(wanted: readonly Resource[], there: readonly Resource[], skipExisting: boolean): Resource[] {
  const holders = new Map(there.map((resource) => [titleOf(resource), resource]));
  const taken: string[] = [];
  const fresh: Resource[] = [];
  for (const resource of wanted) {
    const [holder] = kindsSharingNames(resource.kind).flatMap(
      (kind) => holders.get(titleOf({ ...resource, kind })) ?? [],
    );
    const why = holder && whyTaken(resource, holder, skipExisting);
    if (why !== undefined) taken.push(why);
    if (holder) continue;
    holders.set(titleOf(resource), resource);
    fresh.push(resource);
  }
  if (taken.length === 0) return fresh;
  throw failureOver("Nothing was written, because these names are taken:", taken);
}

/** Undefined when it is there already. */
function whyTaken(resource: Resource, holder: Resource, skipExisting: boolean): string | undefined {
  if (holder.kind !== resource.kind) return `${titleOf(resource)}, by the ${titleOf(holder)}: they share their names`;
  const isEqual = spell(bare(holder)) === spell(resource);
  if (!isEqual) return `${titleOf(resource)}, by one that differs`;
  return skipExisting ? undefined : `${titleOf(resource)}, by an equal one, which --skip-existing passes over`;
}

async function restoreAll(resources: readonly Resource[], to: RestorableStore, progress: Progress): Promise<void> {
  for (let done = 0; done < resources.length; done += maxRestored) {
    progress("Writing records", done, resources.length);
    const restored = await to.restore(resources.slice(done, done + maxRestored));
    if (restored.state === "exists") throw failureOver(overtaken(done), restored.names.map(titleOf));
  }
  if (resources.length > 0) progress("Writing records", resources.length, resources.length);
}

function overtaken(done: number): string {
  return `Somebody took these names meanwhile; ${done} records were written before, and --skip-existing goes on from there:`;
}

async function moveTrail(source: Source, to: RestorableStore, dryRun: boolean, progress: Progress) {
  let added = 0;
  let there = 0;
  for await (const piece of source.trail()) {
    const missing = await missingIn(to, piece);
    if (!dryRun) await restorePiece(to, missing);
    added += missing.length;
    there += piece.length - missing.length;
    progress(dryRun ? "Reading the audit trail" : "Writing the audit trail", added + there);
  }
  return { added, there };
}

/** Reads the store again: every record has to be there by its canonical text, and every entry of the trail. */
async function compareAll(
  { resources, trail }: Source,
  to: RestorableStore,
  withAudit: boolean,
  progress: Progress,
): Promise<void> {
  const there = new Map((await fromStore(to)).resources.map((resource) => [titleOf(resource), spell(resource)]));
  progress("Comparing records", resources.length, resources.length);
  const wrong = resources.filter((resource) => there.get(titleOf(resource)) !== spell(resource));
  if (wrong.length > 0) throw failureOver("These records are not there as they were:", wrong.map(titleOf));
  if (!withAudit) return;
  let compared = 0;
  for await (const piece of trail()) {
    const missing = await missingIn(to, piece);
    if (missing.length > 0) throw new TransferFailure(`${missing.length} entries of the audit trail are not there.`);
    compared += piece.length;
    progress("Comparing the audit trail", compared);
  }
}

/** How many of each kind, and in all. */
export function countsOf(resources: readonly Resource[]): Partial<Record<Kind, number>> {
  const counts: Partial<Record<Kind, number>> = {};
  for (const { kind } of resources) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
