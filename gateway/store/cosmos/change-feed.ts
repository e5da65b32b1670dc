import { setTimeout as sleep } from "node:timers/promises";
import type { Change, Kind } from "../store.ts";
import type { RecordItems } from "./documents.ts";
import type { Items } from "./items.ts";

export type ChangeFeedLimits = {
  /** Between two looks. */
  readonly pollMs: number;
  /** Between two comparisons of everything, by which also what nobody announced is noticed. */
  readonly compareMs: number;
};

/** One look at nothing new takes about 12 request units, a comparison about 30 for each 1000 records. */
export const changeFeedLimits: ChangeFeedLimits = { pollMs: 1_000, compareMs: 60_000 };

/** That a record is gone; without it only a comparison would tell. It expires by itself. */
export type GoneDocument = { readonly id: string; readonly kind: Kind; readonly name: string; ttl: number };

export type ChangeFeed = AsyncDisposable & {
  subscribe(onChange: (change: Change) => void): Promise<() => Promise<void>>;
  gone(kind: Kind, name: string, uid: string): Promise<void>;
  /** Milliseconds since the last look that succeeded; undefined while nobody has subscribed. */
  ageMs(): number | undefined;
};

/** Documents so much older than the newest one seen are read again: partitions have clocks of their own. */
const overlapSeconds = 10;
const goneTtlSeconds = 24 * 3600;

type Row = { id: string; _ts: number; _etag: string; uid?: string; revision?: number };
type GoneRow = { id: string; _ts: number; kind: Kind; name: string };

/**
 * Tells of changes by looking at what is new. A write is told at the next look, the Microsoft gateway's too; so is a
 * purge, except one whose gateway died in the middle of it: that, and a removal by the Microsoft gateway, at the next
 * comparison. After a look that failed everything is compared and a reset is told.
 */
export function changeFeed({
  items,
  goneItems,
  adopt,
  limits,
  now,
  onFailure,
}: {
  items: RecordItems;
  goneItems: Items<GoneDocument>;
  /** Reads a record, so that it is this gateway's; its version is another afterwards. */
  adopt: (kind: Kind, name: string) => Promise<{ uid: string; revision: number } | undefined>;
  limits: ChangeFeedLimits;
  now: () => number;
  onFailure: (error: unknown) => void;
}): ChangeFeed {
  const kinds = Object.keys(items) as Kind[];
  const listeners = new Set<(change: Change) => void>();
  const closing = new AbortController();
  const versions = new Map<string, string>();
  const newest = new Map<Kind | "gone", number>();
  const goneTold = new Map<string, number>();
  let looking: Promise<void> = Promise.resolve();
  let polling: Promise<void> | undefined;
  let isBehind = true;
  let comparedAtMs = 0;
  let lookedAtMs = 0;

  return {
    async subscribe(onChange) {
      // What was written before this call is no news to this listener.
      await inTurn();
      listeners.add(onChange);
      polling ??= poll();
      return async () => void listeners.delete(onChange);
    },
    gone: (kind, name, uid) => goneItems.upsert({ id: `${kind}.${name}.${uid}`, kind, name, ttl: goneTtlSeconds }),
    ageMs: () => (listeners.size === 0 ? undefined : Math.max(0, now() - lookedAtMs)),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await polling;
      await looking.catch(() => undefined);
    },
  };

  async function poll(): Promise<void> {
    while (!closing.signal.aborted) {
      // It rejects when aborted; then the loop ends.
      await sleep(limits.pollMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted || listeners.size === 0) continue;
      await inTurn().catch((error: unknown) => {
        isBehind = true;
        onFailure(error);
      });
    }
  }

  function inTurn(): Promise<void> {
    looking = looking.catch(() => undefined).then(look);
    return looking;
  }

  async function look(): Promise<void> {
    const beginMs = now();
    await lookForNews();
    lookedAtMs = beginMs;
  }

  async function lookForNews(): Promise<void> {
    if (isBehind || Math.abs(now() - comparedAtMs) > limits.compareMs) {
      await compareAll();
      comparedAtMs = now();
      if (isBehind) tell({ type: "reset" });
      isBehind = false;
      return;
    }
    for (const kind of kinds) for (const row of await news<Row>(items[kind], kind, recordRow)) await note(kind, row);
    await noteAllGone();
  }

  async function compareAll(): Promise<void> {
    // Before the records: what goes between the two readings is told as gone later, rather than never.
    await noteAllGone();
    for (const kind of kinds) {
      const rows = await items[kind].query<Row>(`SELECT ${recordRow} FROM c`);
      noteNewest(kind, rows);
      for (const row of rows) await note(kind, row);
      const there = new Set(rows.map(({ id }) => `${kind}/${id}`));
      const missing = [...versions.keys()].filter((key) => key.startsWith(`${kind}/`) && !there.has(key));
      for (const key of missing) forget(kind, key.slice(kind.length + 1));
    }
  }

  async function news<R extends { _ts: number }>(
    from: Pick<Items<never>, "query">,
    of: Kind | "gone",
    columns: string,
  ) {
    const since = Math.max(0, (newest.get(of) ?? 0) - overlapSeconds);
    const rows = await from.query<R>(`SELECT ${columns} FROM c WHERE c._ts >= @since`, { since });
    noteNewest(of, rows);
    return rows;
  }

  function noteNewest(of: Kind | "gone", rows: readonly { _ts: number }[]): void {
    newest.set(
      of,
      rows.reduce((latest, { _ts }) => Math.max(latest, _ts), newest.get(of) ?? 0),
    );
  }

  async function note(kind: Kind, row: Row): Promise<void> {
    const own = row.uid === undefined ? await adopt(kind, row.id) : row;
    const version = own ? `${own.uid}.${own.revision}` : row._etag;
    const key = `${kind}/${row.id}`;
    if (versions.get(key) === version) return;
    versions.set(key, version);
    tell({ type: "changed", kind, name: row.id });
  }

  async function noteAllGone(): Promise<void> {
    for (const row of await news<GoneRow>(goneItems, "gone", "c.id, c._ts, c.kind, c.name")) await noteGone(row);
    const before = (newest.get("gone") ?? 0) - overlapSeconds;
    for (const [id, ts] of goneTold) if (ts < before) goneTold.delete(id);
  }

  async function noteGone({ id, _ts, kind, name }: GoneRow): Promise<void> {
    if (goneTold.has(id)) return;
    // Brings this session up to the removal, so that who reads on being told reads that it is gone.
    const isThere = versions.has(`${kind}/${name}`) && (await items[kind].isThere(name));
    goneTold.set(id, _ts);
    if (!isThere) forget(kind, name);
  }

  function forget(kind: Kind, name: string): void {
    if (versions.delete(`${kind}/${name}`)) tell({ type: "changed", kind, name });
  }

  function tell(change: Change): void {
    for (const onChange of listeners) onChange(change);
  }
}

const recordRow = "c.id, c._ts, c._etag, c.McpGateway.uid, c.McpGateway.revision";
