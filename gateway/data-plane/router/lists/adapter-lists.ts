import { LRUCache } from "lru-cache";
import type { Resource } from "../../../store/store.ts";
import type { View } from "../../../store/view.ts";
import { accessKey, type Caller } from "../caller.ts";
import type { ListedKind } from "../listing.ts";
import type { ListKind, Peers } from "../peer.ts";
import { type PeerList, type PeerListRead, readPeerList } from "./peer-list.ts";
import { type SharedReading, sharedReading } from "./shared-reading.ts";

export type ListState =
  { readonly state: "listed"; readonly list: PeerList } | { readonly state: "absent"; readonly reason: string };

/** How a list was when somebody last asked for it. */
export type LastSeen = {
  readonly read: { readonly atMs: number; readonly list: Omit<PeerList, "entries"> & { size: number } } | undefined;
  /** Why the attempt after that failed, if it did. */
  readonly failure: string | undefined;
};

export type AdapterLists = Disposable & {
  /** The server's list, from memory while it is fresh. Takes no longer than `listDeadlineMs`. */
  read(adapter: Resource<"adapter">, kind: ListedKind, caller: Caller): Promise<ListState>;
  /** A list that was read a moment ago, if there is one: a name that is in it needs no second look. */
  recent(adapter: Resource<"adapter">, kind: ListedKind, caller: Caller): PeerList | undefined;
  lastSeen(adapter: Resource<"adapter">, kind: ListedKind): LastSeen | undefined;
};

/** How long a list of the router may wait for one server. */
export const listDeadlineMs = 2_000;
/** A slow server's answer is still taken for the next list. */
export const maxReadingMs = 15_000;
/** Until a server that failed is asked again, so that it delays one list and not each. */
export const failureMs = 5_000;
/** How old a list may be that stands in for one that cannot be read. */
export const maxStandInMs = 10 * 60_000;
/** How old a list may be in which a name is found, however short a time its server wants it kept. */
export const recentMs = 60_000;
const maxLists = 10_000;
/** As JSON; in memory it may be several times as much. */
const maxBytes = 64 * 1024 * 1024;

type Held = {
  readonly list: PeerList;
  readonly readAtMs: number;
  readonly freshUntilMs: number;
  /** Its server has said since that there is another. */
  readonly isChanged: boolean;
};

type Reading = SharedReading<PeerListRead> & {
  /** Whose list it is, if the server does not call it public. */
  readonly accessKey: string;
  /** Resolves when it is kept. */
  readonly kept: Promise<Kept>;
};

/** `other` is for whoever waits with another access key. */
type Kept = { readonly own: ListState; readonly other: ListState | "unknown" };

/**
 * The lists of the servers behind the router, kept per access unless a server calls one public. Callers with the same
 * access wait for one reading, which goes on without them. A server that is down or slow has the last list it gave.
 */
export function adapterLists({
  peers,
  view,
  now,
  deadlineMs = listDeadlineMs,
  readingMs = maxReadingMs,
}: {
  peers: Pick<Peers, "identify" | "request" | "subscribe">;
  view: Pick<View, "get">;
  now: () => number;
  deadlineMs?: number;
  readingMs?: number;
}): AdapterLists {
  const held = new LRUCache<string, Held>({
    max: maxLists,
    maxSize: maxBytes,
    sizeCalculation: ({ list }) => list.bytes,
  });
  const failures = new LRUCache<string, { reason: string; untilMs: number }>({ max: maxLists });
  const seen = new LRUCache<string, LastSeen & { readonly list: WeakRef<PeerList> | undefined }>({ max: maxLists });
  const readings = new Map<string, Reading>();
  const unsubscribe = peers.subscribe(forget);

  return {
    read,
    recent(adapter, kind, caller) {
      const known = held.get(keyFor(adapter, kind, accessKey(caller.principal)));
      return known && !known.isChanged && now() - known.readAtMs <= recentMs ? known.list : undefined;
    },
    lastSeen: (adapter, kind) => seen.get(`${adapter.uid}/${kind}`),
    [Symbol.dispose]() {
      unsubscribe();
      for (const reading of readings.values()) reading.end();
    },
  };

  async function read(adapter: Resource<"adapter">, kind: ListedKind, caller: Caller): Promise<ListState> {
    const access = accessKey(caller.principal);
    const key = keyFor(adapter, kind, access);
    const known = held.get(key);
    if (known && now() < known.freshUntilMs) return { state: "listed", list: known.list };
    const failure = failures.get(key);
    if (failure && now() < failure.untilMs) return standIn(key, failure.reason);

    const reading = readings.get(key) ?? begin(key, adapter, kind, caller, access);
    if ((await reading.within(caller.signal)) === "late") return standIn(key, silence(deadlineMs));
    const { own, other } = await reading.kept;
    const given = reading.accessKey === access ? own : other;
    // It was public until now, so this caller waited for what turned out to be another's list.
    return given === "unknown" ? read(adapter, kind, caller) : given;
  }

  function standIn(key: string, reason: string): ListState {
    const known = held.get(key);
    const isUsable = known && now() - known.readAtMs <= maxStandInMs;
    return isUsable ? { state: "listed", list: known.list } : { state: "absent", reason };
  }

  function begin(key: string, adapter: Resource<"adapter">, kind: ListedKind, caller: Caller, access: string): Reading {
    // The caller's own signal must not end what others wait for too.
    const shared = sharedReading((signal) => readPeerList(peers, adapter, kind, { ...caller, signal }), {
      deadlineMs,
      maxMs: readingMs,
      onOverdue: () => noteFailure(adapter, kind, silence(deadlineMs)),
      failed: { state: "failed", reason: "Its list cannot be read." },
      silent: { state: "failed", reason: silence(readingMs) },
    });
    const kept = shared.done.then((result) => {
      const isCurrent = readings.get(key) === reading;
      if (isCurrent) readings.delete(key);
      return result.state === "read" ? keep(result, isCurrent) : fail(result.reason);
    });
    const reading: Reading = { ...shared, accessKey: access, kept };
    readings.set(key, reading);
    return reading;

    function keep(given: Extract<PeerListRead, { state: "read" }>, isCurrent: boolean): Kept {
      const list = noteSeen(adapter, kind, given.list);
      const state = { state: "listed", list } as const;
      // The tool policy makes every caller's list its own.
      const isShared = given.isPublic && adapter.body.allowedTools === null;
      const [own, other] = [keyOf(adapter, kind, access), keyOf(adapter, kind)];
      const at = isShared ? other : own;
      held.delete(isShared ? own : other);
      failures.delete(at);
      const freshUntilMs = isCurrent ? now() + given.ttlMs : 0;
      if (isCurrent || !held.has(at)) held.set(at, { list, readAtMs: now(), freshUntilMs, isChanged: !isCurrent });
      return { own: state, other: isShared ? state : "unknown" };
    }

    function fail(reason: string): Kept {
      noteFailure(adapter, kind, reason);
      failures.set(key, { reason, untilMs: now() + failureMs });
      const state = standIn(key, reason);
      return { own: state, other: state };
    }
  }

  /** Gives the list back, or the very same one as was seen last: callers who see the same share the memory for it. */
  function noteSeen(adapter: Resource<"adapter">, kind: ListedKind, given: PeerList): PeerList {
    const last = seen.get(`${adapter.uid}/${kind}`)?.list?.deref();
    const list = last?.digest === given.digest ? last : given;
    const { entries, ...about } = list;
    const read = { atMs: now(), list: { ...about, size: entries.length } };
    seen.set(`${adapter.uid}/${kind}`, { read, failure: undefined, list: new WeakRef(list) });
    return list;
  }

  function noteFailure(adapter: Resource<"adapter">, kind: ListedKind, failure: string): void {
    const last = seen.get(`${adapter.uid}/${kind}`);
    seen.set(`${adapter.uid}/${kind}`, { read: last?.read, failure, list: last?.list });
  }

  /** Public where such a list is known, else the caller's own. */
  function keyFor(adapter: Resource<"adapter">, kind: ListedKind, access: string): string {
    const shared = keyOf(adapter, kind);
    return held.has(shared) ? shared : keyOf(adapter, kind, access);
  }

  function forget({ adapter: name, accessKey: access, list }: { adapter: string; accessKey: string; list: ListKind }) {
    const adapter = view.get("adapter", name);
    if (!adapter) return;
    for (const kind of kindsOf[list]) {
      for (const key of [keyOf(adapter, kind), keyOf(adapter, kind, access)]) {
        const known = held.peek(key);
        if (known) held.set(key, { ...known, freshUntilMs: 0, isChanged: true });
        failures.delete(key);
        // Whatever is being read may be from before the change.
        readings.delete(key);
      }
    }
  }
}

const kindsOf: Record<ListKind, readonly ListedKind[]> = {
  tools: ["tools"],
  prompts: ["prompts"],
  resources: ["resources", "resourceTemplates"],
};

/** A change of the record may be one of who sees what, so it makes every list another. */
function keyOf({ uid, revision }: Resource<"adapter">, kind: ListedKind, access = ""): string {
  return `${uid}/${revision}/${kind}/${access}`;
}

function silence(ms: number): string {
  return `It has not answered within ${ms} ms.`;
}
