import type { Bodies, Kind, Resource } from "../store.ts";
import {
  documentOf,
  foreignBody,
  isOwn,
  isWorkload,
  type Ours,
  type OwnDocument,
  type RecordDocument,
  type RecordItems,
  uidOf,
} from "./documents.ts";
import type { Stored } from "./items.ts";
import type { NameDocument, Names } from "./names.ts";
import type { Trail } from "./trail.ts";

export type AdoptionEvents = {
  /** A document that is no record of ours is left as it is, and not shown. */
  recordHidden(what: { kind: string; name: string; reason: string }): void;
};

/** What the trail names as the actor of a write by the Microsoft gateway, which does not say whose it was. */
const author = { id: "microsoft-mcp-gateway", requestId: "unknown" };
const maxAttempts = 5;
/** Documents of which it has been told that they are hidden. */
const maxTold = 1000;

/**
 * Takes over a document that the Microsoft gateway wrote last: it gets our property back. If it is still the document that
 * the name's copy is of, it keeps its uid and what the Microsoft gateway does not know (its policy of tools above all) or
 * cannot change (that it is being deleted). Its own fields are as written there. Undefined if it is gone, or not shown.
 */
export function adoption({
  items,
  names,
  trail,
  finish,
  events,
}: {
  items: RecordItems;
  names: Names;
  trail: Trail;
  finish: (kind: Kind, document: Stored<OwnDocument>) => Promise<boolean>;
  events: AdoptionEvents;
}): (kind: Kind, document: Stored<RecordDocument>) => Promise<Stored<OwnDocument> | undefined> {
  const told = new Set<string>();

  return async (kind, found) => {
    let document: Stored<RecordDocument> | undefined = found;
    for (let attempt = 0; attempt < maxAttempts && document; attempt++) {
      if (isOwn(document)) return document;
      const adopted = await adopt(kind, document);
      if (adopted !== "changed") return adopted;
      document = await items[kind].latest(document.id);
    }
    return undefined;
  };

  async function adopt(
    kind: Kind,
    document: Stored<RecordDocument>,
  ): Promise<Stored<OwnDocument> | "changed" | undefined> {
    if (!isWorkload(kind)) return hide(kind, document, "It is none of this gateway's.");
    const copy = copyOf(document, await names.latest(document.id));
    const body = foreignBody(kind, document, copy?.rest ?? {});
    if (!body) return hide(kind, document, "Its fields are not those of a record.");
    const resource = { kind, name: document.id, ...identity(document, copy), body };
    if (!copy) {
      const others = (["adapter", "tool"] as const).filter((other) => other !== kind);
      const reserved = await names.reserve(kind, document.id, resource.uid, others);
      if (reserved.state === "taken") return hide(kind, document, `Its name is that of another ${reserved.kind}.`);
    }
    const pending = trail.pending(copy ? "update" : "create", author);
    const own = documentOf(resource as Resource<typeof kind> & { body: Bodies[typeof kind] }, pending);
    const put = await items[kind].replace(own, document._etag);
    if (put.state !== "written") return "changed";
    const adopted = put.document as Stored<OwnDocument>;
    await finish(kind, adopted);
    return adopted;
  }

  function hide(kind: Kind, { id, _etag }: Stored<RecordDocument>, reason: string): undefined {
    const once = `${kind}/${id}/${_etag}/${reason}`;
    if (told.has(once) || told.size >= maxTold) return undefined;
    told.add(once);
    events.recordHidden({ kind, name: id, reason });
    return undefined;
  }
}

type Copy = Pick<Ours, "uid" | "revision" | "deleting" | "rest">;

function copyOf(document: Stored<RecordDocument>, name: NameDocument | undefined): Copy | undefined {
  return name?.state === "held" && name.rid === document._rid ? name : undefined;
}

function identity(document: Stored<RecordDocument>, copy: Copy | undefined): Omit<Copy, "rest"> {
  if (!copy) return { uid: uidOf(document), revision: 1, deleting: false };
  // One more than the next: a write that was overwritten before it was acknowledged may have been seen with that one.
  return { uid: copy.uid, revision: copy.revision + 2, deleting: copy.deleting };
}
