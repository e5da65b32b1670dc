import { kindsSharingNames, StoreUnavailable, type WorkloadKind } from "../store.ts";
import type { Ours, OwnDocument } from "./documents.ts";
import type { Items, Stored } from "./items.ts";

/**
 * Who has a name that adapters and tools share. `reserved`: a record is about to be created. `held`: it is there, and this
 * is a copy of what the Microsoft gateway would drop from it, of the document `rid`.
 */
export type NameDocument = {
  readonly id: string;
  readonly kind: WorkloadKind;
  readonly uid: string;
} & (
  | { readonly state: "reserved"; readonly reservedAtMs: number }
  | ({ readonly state: "held"; readonly rid: string } & Pick<Ours, "revision" | "deleting" | "rest">)
);

export type Reserved = { state: "reserved" } | { state: "taken"; kind: WorkloadKind };

/**
 * One set of names over two containers, which have no transaction in common. A name is reserved, the record is created,
 * and then the name is held; each step is a conditional write, so of all who want a name one passes. What a crash leaves:
 * - a name reserved, no record: whoever wants it takes it over, after `reservationMs`. Should its owner only have been slow,
 *   it finds that it cannot hold the name any more, and takes its record back: the creation was not acknowledged.
 * - a name reserved, and its record: the record's audit entry is still pending, so the sweep finishes the creation.
 * - a name held, its record purged: whoever wants it takes it over.
 */
export type Names = {
  /** `taken` names a kind that has it. `blocking`: the kinds whose records of this name are in the way. */
  reserve(kind: WorkloadKind, name: string, uid: string, blocking?: readonly WorkloadKind[]): Promise<Reserved>;
  /** Holds the name for this document, and copies what is only ours. False when the name is another's. */
  hold(kind: WorkloadKind, document: Stored<OwnDocument>): Promise<boolean>;
  /** Gives the name up, if it is still of this uid. */
  release(name: string, uid: string): Promise<void>;
  latest(name: string): Promise<Stored<NameDocument> | undefined>;
};

/** Longer than a creation takes, its retries included. */
const reservationMs = 30_000;
/** Each further attempt means that another writer has passed. */
const maxAttempts = 20;

export function names({
  items,
  isThere,
  now,
}: {
  items: Items<NameDocument>;
  /** Whether there is a record, whatever this session has seen. */
  isThere: (kind: WorkloadKind, name: string) => Promise<boolean>;
  now: () => number;
}): Names {
  return {
    latest: (name) => items.latest(name),

    async reserve(kind, name, uid, blocking = kindsSharingNames(kind) as WorkloadKind[]) {
      const mine: NameDocument = { id: name, kind, uid, state: "reserved", reservedAtMs: now() };
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const created = await items.create(mine);
        const reserved = created.state === "written" ? await whereFree(mine, blocking) : await takeOver(mine, blocking);
        if (reserved) return reserved;
      }
      throw new StoreUnavailable(`The name ${name} changes hands too often.`);
    },

    async hold(kind, document) {
      const { uid, revision, deleting, rest } = document.McpGateway;
      const held: NameDocument = {
        id: document.id,
        kind,
        uid,
        state: "held",
        rid: document._rid,
        revision,
        deleting,
        rest,
      };
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        let holder = await items.read(document.id);
        if (holder?.uid !== uid) holder = await items.latest(document.id);
        if (holder && (holder.uid !== uid || holder.kind !== kind)) return false;
        if (holder?.state === "held" && holder.revision >= revision) return true;
        const put = holder ? await items.replace(held, holder._etag) : await items.create(held);
        if (put.state === "written") return true;
      }
      throw new StoreUnavailable(`The name ${document.id} changes hands too often.`);
    },

    release,
  };

  /** A record may have a name that nobody has reserved: the Microsoft gateway reserves none. */
  async function whereFree({ id, uid }: NameDocument, blocking: readonly WorkloadKind[]): Promise<Reserved> {
    const recorded = await firstThere(blocking, id);
    if (!recorded) return { state: "reserved" };
    await release(id, uid);
    return { state: "taken", kind: recorded };
  }

  /** Undefined when the name has changed hands meanwhile. */
  async function takeOver(mine: NameDocument, blocking: readonly WorkloadKind[]): Promise<Reserved | undefined> {
    const holder = await items.read(mine.id);
    if (!holder) return undefined;
    // The SDK may send a creation twice, and hear of the second that it is there.
    if (holder.uid === mine.uid && holder.kind === mine.kind) return { state: "reserved" };
    if (isOnItsWay(holder)) return { state: "taken", kind: holder.kind };
    const recorded = await firstThere(blocking, mine.id);
    if (recorded) return { state: "taken", kind: recorded };
    const put = await items.replace(mine, holder._etag);
    return put.state === "written" ? { state: "reserved" } : undefined;
  }

  async function release(name: string, uid: string): Promise<void> {
    const holder = await items.latest(name);
    if (holder?.uid === uid) await items.remove(name, holder._etag);
  }

  function isOnItsWay(holder: NameDocument): boolean {
    return holder.state === "reserved" && now() - holder.reservedAtMs < reservationMs;
  }

  async function firstThere(kinds: readonly WorkloadKind[], name: string): Promise<WorkloadKind | undefined> {
    for (const kind of kinds) if (await isThere(kind, name)) return kind;
    return undefined;
  }
}
