import type { Container, JSONObject, JSONValue } from "@azure/cosmos";
import type { AuditEntry, AuditQuery } from "../../../openapi/audit.ts";
import {
  type AuditRead,
  type Author,
  type CallEntry,
  type Kind,
  maxRestoredEntries,
  StoreUnavailable,
  type TrailEntry,
} from "../store.ts";
import type { Ours, PendingEntry, Write } from "./documents.ts";
import { asked, atMost, queryAll } from "./items.ts";
import { cursorOf, positionFrom, positionOf, trailPositions } from "./trail-position.ts";

/** `batch` is the partition key: what is written together is in one partition, and batches are spread over all. */
type EntryDocument = TrailEntry & {
  readonly id: string;
  readonly batch: string;
  readonly position: string;
  ttl?: number;
};

export type Trail = {
  pending(action: Write, author: Author): PendingEntry;
  /** Adds the entry of the write that made this document. Repeated, it is there once. */
  note(kind: Kind, name: string, ours: Ours): Promise<void>;
  recordCalls(entries: readonly CallEntry[]): Promise<void>;
  /** All or none, except that a gateway may die between two transactions of {@link maxBatch} entries. */
  restore(entries: readonly TrailEntry[]): Promise<void>;
  read(query: AuditQuery): Promise<AuditRead>;
  purge(before: Date, max: number): Promise<number>;
};

/** What Cosmos DB takes in one transaction, less a margin: 100 operations, 2 MB. */
const maxBatch = 100;
const maxBatchBytes = 1_500_000;
const removedAtOnce = 10;

/** The audit trail in a container of its own. Entries expire by themselves after `retentionDays`, where that is given. */
export function trail(container: Container, now: () => number, retentionDays: number | undefined): Trail {
  const nextPosition = trailPositions(now);
  const expiry = retentionDays === undefined ? {} : { ttl: retentionDays * 24 * 3600 };

  return {
    pending(action, { id, requestId }) {
      const at = new Date(now());
      return { action, actor: id, requestId, at: at.toISOString(), position: nextPosition(at) };
    },

    async note(kind, name, { uid, revision, pending }) {
      if (!pending) return;
      const entry = {
        ...noCall,
        ...pending,
        kind,
        name,
        uid,
        revision,
        id: `${uid}.${revision}`,
        batch: uid,
        ...expiry,
      };
      await asked("creation of an audit entry", container.items.create(entry satisfies EntryDocument, atMost()), [409]);
    },

    recordCalls: (entries) => add(entries.map((entry) => ({ ...entry, at: entry.at.toISOString(), revision: null }))),
    async restore(entries) {
      if (entries.length > maxRestoredEntries) {
        throw new Error(`More than ${maxRestoredEntries} entries to restore at once.`);
      }
      await add(entries);
    },

    async read(query) {
      const after = query.cursor === undefined ? undefined : positionFrom(query.cursor);
      if (query.cursor !== undefined && after === undefined) return { state: "unknown-cursor" };
      const { where, parameters } = filters(query, after);
      const text = `SELECT * FROM c ${where} ORDER BY c.position DESC`;
      // One more tells whether there is another page.
      const rows = await queryAll<EntryDocument>(container, text, parameters, query.limit + 1);
      const page = rows.slice(0, query.limit);
      const last = rows.length > page.length ? page.at(-1) : undefined;
      return { state: "read", entries: page.map(entryOf), next: last ? cursorOf(last.position) : null };
    },

    async purge(before, max) {
      const text = "SELECT c.id, c.batch FROM c WHERE c.position < @before ORDER BY c.position ASC";
      return removeAll(await queryAll(container, text, { before: positionOf(before) }, max));
    },
  };

  async function add(entries: readonly TrailEntry[]): Promise<void> {
    const documents = entries.map(documentOf);
    const written: EntryDocument[][] = [];
    try {
      for (const batch of batches(documents)) {
        await writeBatch(batch);
        written.push(batch);
      }
    } catch (error) {
      // Who hears of a failure writes them all again. Without this they could be there twice.
      await removeAll(written.flat()).catch(() => undefined);
      throw error;
    }
  }

  function documentOf(entry: TrailEntry): EntryDocument {
    if (!isUuid.test(entry.uid)) throw new Error("An audit entry has a uid that is none.");
    const position = nextPosition(new Date(entry.at));
    return { ...entry, id: crypto.randomUUID(), batch: "", position, ...expiry };
  }

  async function writeBatch(documents: readonly EntryDocument[]): Promise<void> {
    const operations = documents.map((document) => ({
      operationType: "Create" as const,
      resourceBody: document as unknown as JSONObject,
    }));
    const answer = await asked(
      "a batch of audit entries",
      container.items.batch(operations, documents[0]?.batch, atMost()),
      [],
    );
    const refused = typeof answer === "number" ? undefined : answer.result?.find(({ statusCode }) => statusCode >= 300);
    if (refused) throw new StoreUnavailable(`Cosmos DB answered ${refused.statusCode} to a batch of audit entries.`);
  }

  /** How many were still there. */
  async function removeAll(documents: readonly { id: string; batch: string }[]): Promise<number> {
    let removed = 0;
    for (let start = 0; start < documents.length; start += removedAtOnce) {
      const some = documents.slice(start, start + removedAtOnce);
      const removing = some.map(({ id, batch }) =>
        asked("removal of an audit entry", container.item(id, batch).delete(atMost()), [404]),
      );
      removed += (await Promise.all(removing)).filter((answer) => answer !== 404).length;
    }
    return removed;
  }
}

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const noCall = {
  outcome: "ok",
  tool: null,
  session: null,
  status: null,
  durationMs: null,
  argumentsHash: null,
  arguments: null,
} as const;

/** In transactions as large as they may be; each is a partition of its own. */
function batches(documents: readonly EntryDocument[]): EntryDocument[][] {
  const made: EntryDocument[][] = [];
  let bytesLeft = 0;
  for (const document of documents) {
    const bytes = Buffer.byteLength(JSON.stringify(document));
    let batch = made.at(-1);
    if (!batch || batch.length === maxBatch || bytes > bytesLeft) {
      batch = [];
      made.push(batch);
      bytesLeft = maxBatchBytes;
    }
    batch.push({ ...document, batch: batch[0]?.batch ?? document.id });
    bytesLeft -= bytes;
  }
  return made;
}

const filterFields = ["actor", "action", "kind", "name", "tool", "outcome"] as const;

function filters(query: AuditQuery, after: string | undefined) {
  const conditions: string[] = [];
  const parameters: Record<string, JSONValue> = {};
  const add = (condition: string, name: string, value: string | undefined) => {
    if (value === undefined) return;
    conditions.push(`c.${condition} @${name}`);
    parameters[name] = value;
  };
  for (const field of filterFields) add(`${field} =`, field, query[field]);
  add("position >=", "since", query.since === undefined ? undefined : positionOf(new Date(query.since)));
  add("position <", "until", query.until === undefined ? undefined : positionOf(new Date(query.until)));
  add("position <", "after", after);
  return { where: conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "", parameters };
}

function entryOf(document: EntryDocument): AuditEntry {
  const { id, at, actor, action, kind, name, uid, revision, requestId, outcome, tool } = document;
  const { session, status, durationMs, argumentsHash, arguments: given } = document;
  const call = { tool, session, status, durationMs, argumentsHash, arguments: given };
  return { id, at, actor, action, kind, name, uid, revision, requestId, outcome, ...call };
}
