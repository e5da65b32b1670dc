import {
  type Author,
  type Bodies,
  type Created,
  type Kind,
  kindsSharingNames,
  type Page,
  type Resource,
  StoreUnavailable,
  type Updated,
} from "../store.ts";
import { type AdoptionEvents, adoption } from "./adoption.ts";
import {
  documentOf,
  isOwn,
  isWorkload,
  type OwnDocument,
  type RecordDocument,
  type RecordItems,
  resourceOf,
  type Write,
} from "./documents.ts";
import type { Stored } from "./items.ts";
import type { Names } from "./names.ts";
import type { Trail } from "./trail.ts";

export type Records = {
  get<K extends Kind>(kind: K, name: string): Promise<Resource<K> | undefined>;
  list<K extends Kind>(kind: K, page?: Page): Promise<Resource<K>[]>;
  create<K extends Kind>(kind: K, name: string, body: Bodies[K], author: Author): Promise<Created<K>>;
  change<K extends Kind>(
    action: "update" | "delete",
    kind: K,
    name: string,
    revision: number,
    fields: { body: Bodies[K] } | { deleting: true },
    author: Author,
  ): Promise<Updated<K>>;
  /** False when it is not being deleted, or another one has its name. */
  purge(kind: Kind, name: string, uid: string): Promise<boolean>;
  /** Finishes what gateways left half done that died, or lost the connection, in the middle of a write. */
  sweep(): Promise<void>;
};

/** Each further attempt means that another writer has passed, or that the trail has taken a pending entry. */
const maxAttempts = 20;
/** Documents that are taken over from the Microsoft gateway at once. */
const adoptedAtOnce = 8;

/**
 * Records with their audit entries. A write is one conditional write of the record's document, which carries the entry
 * (`pending`); before it is acknowledged the entry is in the trail, too. Whoever finds a pending entry, the next writer or
 * the sweep, finishes that write first. So there is no acknowledged write without its entry, and no entry without a write.
 */
export function records({
  items,
  names,
  trail,
  newUid,
  events,
}: {
  items: RecordItems;
  names: Names;
  trail: Trail;
  newUid: () => string;
  events: AdoptionEvents;
}): Records {
  const adopt = adoption({ items, names, trail, finish, events });

  return {
    async get<K extends Kind>(kind: K, name: string) {
      const document = await read(kind, name);
      return document && resourceOf(kind, document);
    },

    async list<K extends Kind>(kind: K, page?: Page) {
      const found = page
        ? await readPage(kind, page)
        : (await shown(kind, await items[kind].query("SELECT * FROM c"))).sort(byCodePoint);
      return found.map((document) => resourceOf(kind, document));
    },

    async create<K extends Kind>(kind: K, name: string, body: Bodies[K], author: Author): Promise<Created<K>> {
      const resource: Resource<K> = { kind, name, uid: newUid(), revision: 1, deleting: false, body };
      if (isWorkload(kind)) {
        const reserved = await names.reserve(kind, name, resource.uid);
        if (reserved.state === "taken") return exists(reserved.kind, name);
      }
      const put = await items[kind].create(documentOf(resource, trail.pending("create", author)));
      // The SDK may send a creation twice, and hear of the second that it is there.
      const there = put.state === "written" ? (put.document as Stored<OwnDocument>) : await latest(kind, name);
      const isMine = there?.McpGateway.uid === resource.uid;
      if (isMine && (await finish(kind, there))) return { state: "written", resource };
      if (!isMine && isWorkload(kind)) await names.release(name, resource.uid);
      return exists(kind, name);
    },

    async change(action, kind, name, revision, fields, author) {
      // This session may lag behind what the caller has read elsewhere, so a first refusal is not the last word.
      let document = await read(kind, name);
      if (!isAt(document, revision)) document = await latest(kind, name);
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        if (!isAt(document, revision)) return refusal(document);
        await finish(kind, document);
        const resource = { ...resourceOf(kind, document), ...fields, revision: revision + 1 };
        const pending = trail.pending(action, author);
        const put = await items[kind].replace(documentOf(resource, pending), document._etag);
        document = put.state === "written" ? (put.document as Stored<OwnDocument>) : await latest(kind, name);
        // By its entry it is known as ours also where the SDK sent it twice, and the second was refused.
        if (document?.McpGateway.pending?.position === pending.position) {
          await finish(kind, document);
          return { state: "written", resource };
        }
      }
      throw new StoreUnavailable(`The ${kind} ${name} changes too often.`);
    },

    async purge(kind, name, uid) {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const document = await latest(kind, name);
        if (document && (document.McpGateway.uid !== uid || !document.McpGateway.deleting)) return false;
        if (document) await finish(kind, document);
        if (document && (await items[kind].remove(name, document._etag)) === "changed") continue;
        // Also where it is gone already: a purge that was broken off is asked for again.
        if (isWorkload(kind)) await names.release(name, uid);
        return true;
      }
      throw new StoreUnavailable(`The ${kind} ${name} changes too often.`);
    },

    async sweep() {
      for (const kind of Object.keys(items) as Kind[]) {
        const pending = "SELECT * FROM c WHERE IS_DEFINED(c.McpGateway.pending)";
        for (const document of await items[kind].query<Stored<RecordDocument>>(pending)) {
          if (isOwn(document)) await finish(kind, document);
        }
      }
    },
  };

  async function read(kind: Kind, name: string): Promise<Stored<OwnDocument> | undefined> {
    return ours(kind, await items[kind].read(name));
  }

  async function latest(kind: Kind, name: string): Promise<Stored<OwnDocument> | undefined> {
    return ours(kind, await items[kind].latest(name));
  }

  async function ours(kind: Kind, document: Stored<RecordDocument> | undefined) {
    if (!document) return undefined;
    return isOwn(document) ? document : adopt(kind, document);
  }

  /** A page is full unless it is the last, whatever is not shown. Names are ASCII, which any order of text has alike. */
  async function readPage(kind: Kind, { after = "", limit }: Page): Promise<OwnDocument[]> {
    const found: OwnDocument[] = [];
    for (let last: string | undefined = after; last !== undefined && found.length < limit;) {
      const text = "SELECT * FROM c WHERE c.id > @last ORDER BY c.id ASC";
      const rows: Stored<RecordDocument>[] = await items[kind].query(text, { last }, limit - found.length);
      found.push(...(await shown(kind, rows)));
      last = rows.at(-1)?.id;
    }
    return found;
  }

  async function shown(kind: Kind, documents: readonly Stored<RecordDocument>[]): Promise<OwnDocument[]> {
    const found: (OwnDocument | undefined)[] = [];
    for (let start = 0; start < documents.length; start += adoptedAtOnce) {
      const some = documents.slice(start, start + adoptedAtOnce);
      found.push(...(await Promise.all(some.map((document) => ours(kind, document)))));
    }
    return found.filter((document) => document !== undefined);
  }

  /** False when this was a creation that came too late for its name, and is undone. */
  async function finish(kind: Kind, document: Stored<OwnDocument>): Promise<boolean> {
    const { pending, ...done } = document.McpGateway;
    if (!pending) return true;
    if (isWorkload(kind) && !(await names.hold(kind, document)) && isCreation(pending.action, done.revision)) {
      await items[kind].remove(document.id, document._etag);
      return false;
    }
    await trail.note(kind, document.id, document.McpGateway);
    // Should somebody else have written meanwhile, they have seen to it.
    const put = await items[kind].replace({ ...document, McpGateway: done }, document._etag);
    if (put.state === "written") Object.assign(document, put.document, { McpGateway: done });
    return true;
  }

  async function exists<K extends Kind>(kind: Kind, name: string): Promise<Created<K>> {
    const candidates = [kind, ...kindsSharingNames(kind).filter((other) => other !== kind)];
    for (const candidate of candidates) {
      const document = await latest(candidate, name);
      if (document) return { state: "exists", kind: candidate, deleting: document.McpGateway.deleting };
    }
    // It is on its way, or it has just gone.
    return { state: "exists", kind, deleting: false };
  }
}

type Found = Stored<OwnDocument> | undefined;

function isAt(document: Found, revision: number): document is Stored<OwnDocument> {
  return document?.McpGateway.revision === revision && !document.McpGateway.deleting;
}

function refusal(document: Found): { state: "absent" } | { state: "stale"; revision: number } {
  if (!document || document.McpGateway.deleting) return { state: "absent" };
  return { state: "stale", revision: document.McpGateway.revision };
}

const isCreation = (action: Write, revision: number) => action === "create" && revision === 1;

function byCodePoint(a: { id: string }, b: { id: string }): number {
  return Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
}
