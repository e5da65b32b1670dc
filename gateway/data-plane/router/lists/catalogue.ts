import { LRUCache } from "lru-cache";
import type { Exposure } from "../../../../openapi/adapters.ts";
import type { Access } from "../../../auth/access.ts";
import type { Resource } from "../../../store/store.ts";
import type { View } from "../../../store/view.ts";
import { adapterLists, type ListState, maxStandInMs } from "./adapter-lists.ts";
import type { Caller } from "../caller.ts";
import type { Absent, Listed, ListedKind, Listing } from "../listing.ts";
import type { Peers } from "../peer.ts";
import { firstByKey, type ShownEntries, shownBy } from "./shown-entries.ts";
import { mayShow } from "./shown-name.ts";
import { originOfUri } from "./shown-uri.ts";
import { toolResources } from "./tool-resources.ts";

export type Catalogue = Disposable & {
  /** What the caller may use, over all origins. An adapter that cannot be read in time is absent, and delays nobody longer. */
  list(kind: ListedKind, caller: Caller): Promise<Listing>;
  /** One entry of that list; asks no adapter but the one that the name names. */
  find(kind: ListedKind, name: string, caller: Caller): Promise<Listed | undefined>;
  /** How an adapter's tools were last seen; null where the router does not show them. */
  exposureOf(adapter: Resource<"adapter">): Exposure | null;
  /** The tools of /tools that the caller may use. */
  toolResources(caller: Caller): ShownEntries;
  /** Every tool of an adapter in the server's order, whatever of it the router shows; undefined where the caller may not. */
  toolsOf(adapter: string, caller: Caller, age?: Age): Promise<ToolsOf | undefined>;
};

/** `recent` takes a list that was read a moment ago, also when its server wanted it forgotten sooner. */
export type Age = "fresh" | "recent";

export type ToolsOf =
  { readonly state: "listed"; readonly shown: ShownEntries } | { readonly state: "absent"; readonly reason: string };

/** Of the lists that are kept whole, as JSON: they are put together anew where they do not fit. */
const maxAssembledBytes = 64 * 1024 * 1024;
const maxAssembled = 1_000;

/** What there is behind the router. Lists are put together once for all callers who see the same. */
export function catalogue({
  access,
  view,
  peers,
  now,
  deadlineMs,
  readingMs,
}: {
  access: Pick<Access, "may">;
  view: Pick<View, "get" | "list">;
  peers: Pick<Peers, "identify" | "request" | "subscribe">;
  now: () => number;
  deadlineMs?: number;
  readingMs?: number;
}): Catalogue {
  const lists = adapterLists({ peers, view, now, deadlineMs, readingMs });
  const readableTools = toolResources({ access, view });
  const assembled = new LRUCache<string, { listing: Listing; bytes: number }>({
    max: maxAssembled,
    maxSize: maxAssembledBytes,
    sizeCalculation: ({ bytes }) => bytes,
  });

  return {
    list,
    find,
    exposureOf,
    toolResources: readableTools,
    toolsOf,
    [Symbol.dispose]: () => lists[Symbol.dispose](),
  };

  async function list(kind: ListedKind, caller: Caller): Promise<Listing> {
    const adapters = view.list("adapter").filter((adapter) => isExposed(adapter) && mayRead(adapter, caller));
    const states = await Promise.all(adapters.map((adapter) => lists.read(adapter, kind, caller)));
    const parts = kind === "tools" ? [readableTools(caller)] : [];
    const absent: Absent[] = [];
    for (const [i, adapter] of adapters.entries()) {
      const state = states[i];
      if (state?.state === "listed") parts.push(shownBy(adapter, kind, state.list));
      else if (state) absent.push({ adapter: adapter.name, reason: state.reason });
    }
    return assemble(parts, absent);
  }

  function assemble(parts: readonly ShownEntries[], absent: readonly Absent[]): Listing {
    const key = JSON.stringify([parts.map(({ id }) => id), absent]);
    const known = assembled.get(key);
    if (known) return known.listing;
    const byName = firstByKey(
      parts.flatMap(({ entries }) => entries),
      ({ name }) => name,
    );
    const entries = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const listing = { entries, absent };
    assembled.set(key, { listing, bytes: parts.reduce((sum, { bytes }) => sum + bytes, key.length) });
    return listing;
  }

  async function find(kind: ListedKind, name: string, caller: Caller): Promise<Listed | undefined> {
    // Tools of their own have no underscore in their names, and what adapters show has one.
    if (kind === "tools" && !name.includes("_")) return readableTools(caller).byName.get(name);
    const adapters = view.list("adapter").filter((adapter) => mayHold(adapter, kind, name) && isExposed(adapter));
    for (const adapter of adapters) {
      const found = mayRead(adapter, caller) ? await findIn(adapter, kind, name, caller) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  async function findIn(
    adapter: Resource<"adapter">,
    kind: ListedKind,
    name: string,
    caller: Caller,
  ): Promise<Listed | undefined> {
    const recent = lists.recent(adapter, kind, caller);
    const found = recent && shownBy(adapter, kind, recent).byName.get(name);
    if (found) return found;
    const state = await lists.read(adapter, kind, caller);
    return state.state === "listed" ? shownBy(adapter, kind, state.list).byName.get(name) : undefined;
  }

  async function toolsOf(name: string, caller: Caller, age: Age = "fresh"): Promise<ToolsOf | undefined> {
    const adapter = view.get("adapter", name);
    if (!adapter || adapter.deleting || !mayRead(adapter, caller)) return undefined;
    const recent = age === "recent" ? lists.recent(adapter, "tools", caller) : undefined;
    const state: ListState = recent ? { state: "listed", list: recent } : await lists.read(adapter, "tools", caller);
    return state.state === "listed" ? { ...state, shown: shownBy(adapter, "tools", state.list, "all") } : state;
  }

  function mayRead(adapter: Resource<"adapter">, caller: Caller): boolean {
    return access.may(caller.principal, "read", adapter.body);
  }

  function exposureOf(adapter: Resource<"adapter">): Exposure | null {
    if (!isExposed(adapter)) return null;
    const { read, failure } = lists.lastSeen(adapter, "tools") ?? {};
    const isShown = read && (failure === undefined || now() - read.atMs <= maxStandInMs);
    return {
      state: isShown ? "listed" : failure === undefined ? "unread" : "absent",
      reason: failure ?? read?.list.leftOut ?? null,
      tools: read?.list.size ?? null,
      estimatedTokens: read?.list.estimatedTokens ?? null,
      readAt: read ? new Date(read.atMs).toISOString() : null,
    };
  }
}

function isExposed({ deleting, body }: Resource<"adapter">): boolean {
  return !deleting && body.exposeTools !== false;
}

function mayHold({ name: adapter }: Resource<"adapter">, kind: ListedKind, name: string): boolean {
  const isNamed = kind === "tools" || kind === "prompts";
  return isNamed ? mayShow(adapter, name) : originOfUri(name)?.adapter === adapter;
}
