import type { Events } from "../observe/events.ts";
import { inTime } from "./in-time.ts";
import { type Pause, readingQueue } from "./reading-queue.ts";
import type { Kind, Resource, Store } from "./store.ts";

/** The records in memory, for those who cannot wait for a database: reads are synchronous and never fail. */
export type View = AsyncDisposable & {
  get<K extends Kind>(kind: K, name: string): Resource<K> | undefined;
  /** In ascending order of name, those being deleted included; the same array until a record of this kind changes. */
  list<K extends Kind>(kind: K): readonly Resource<K>[];
  /** Calls back after a record has changed or gone; by then `get` has the new state. Call what it returns to stop. */
  subscribe(onChange: (kind: Kind, name: string) => void): () => void;
  /**
   * Resolves when the view has what the store had at the time of this call, or newer. While the store cannot be read it
   * waits for that, until the view is disposed.
   */
  refresh(kind: Kind, name: string): Promise<void>;
  /**
   * The same for a writer, whose write is acknowledged: waits for a while only. If the store went away since, the view
   * has the write when the store is back.
   */
  observe(kind: Kind, name: string): Promise<void>;
  /** Resolves when everything has been read again, since changes may have been missed; waits as `refresh` does. */
  reload(): Promise<void>;
  /** How long the oldest change that was heard of has been waiting to be read; 0 when there is none. */
  lagMs(): number;
};

export type ViewLimits = {
  /** How long the store may take for one answer, before it is asked again. */
  readonly answerMs: number;
  /** How long a writer waits until its write is seen here. */
  readonly observeMs: number;
  /** How long the first reading may take, with all that fail. */
  readonly openMs: number;
};

export const viewLimits: ViewLimits = { answerMs: 15_000, observeMs: 5_000, openMs: 60_000 };

type Shelf = { readonly byName: Map<string, Resource>; sorted: readonly Resource[] | undefined };
type Item = "*" | `${Kind}/${string}`;

/**
 * Resolves when every record of these kinds is there, and follows the store's changes from then on. A reading that
 * fails is repeated until it succeeds, and each failure is told to `events`. Rejects with `StoreUnavailable` when the
 * first one does not succeed in time.
 */
export async function openView({
  store,
  kinds,
  events,
  limits = viewLimits,
  pause,
}: {
  store: Pick<Store, "get" | "list" | "subscribe">;
  kinds: readonly Kind[];
  events: Pick<Events, "changeFeedFailed">;
  limits?: ViewLimits;
  pause?: Pause;
}): Promise<View> {
  await using opening = new AsyncDisposableStack();
  const shelves = new Map<Kind, Shelf>(kinds.map((kind) => [kind, { byName: new Map(), sorted: undefined }]));
  const listeners = new Set<(kind: Kind, name: string) => void>();
  const queue = opening.use(readingQueue<Item>({ read, onFailure: events.changeFeedFailed, pause }));

  // Before the first reading, or a write between the two would be missed.
  const subscribing = store.subscribe((change) => {
    if (change.type === "reset") void queue.add("*");
    else if (shelves.has(change.kind)) void queue.add(`${change.kind}/${change.name}`);
  });
  opening.defer(await inTime(limits.openMs, subscribing));
  await inTime(limits.openMs, queue.add("*"));

  const opened = opening.move();
  return {
    get: <K extends Kind>(kind: K, name: string) => shelves.get(kind)?.byName.get(name) as Resource<K> | undefined,
    list<K extends Kind>(kind: K) {
      const shelf = shelves.get(kind);
      if (!shelf) return [];
      shelf.sorted ??= [...shelf.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      return shelf.sorted as readonly Resource<K>[];
    },
    subscribe(onChange) {
      listeners.add(onChange);
      return () => void listeners.delete(onChange);
    },
    refresh: (kind, name) => queue.add(`${kind}/${name}`),
    observe: (kind, name) => inTime(limits.observeMs, queue.add(`${kind}/${name}`)).catch(() => undefined),
    reload: () => queue.add("*"),
    lagMs: queue.lagMs,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };

  async function read(item: Item): Promise<void> {
    const slash = item.indexOf("/");
    if (slash < 0) for (const kind of kinds) await readAll(kind);
    else await readOne(item.slice(0, slash) as Kind, item.slice(slash + 1));
  }

  async function readAll(kind: Kind): Promise<void> {
    const all = await inTime(limits.answerMs, store.list(kind));
    const found = new Map(all.map((resource) => [resource.name, resource]));
    const known = shelves.get(kind)?.byName.keys() ?? [];
    for (const name of new Set([...known, ...found.keys()])) put(kind, name, found.get(name));
  }

  async function readOne(kind: Kind, name: string): Promise<void> {
    put(kind, name, await inTime(limits.answerMs, store.get(kind, name)));
  }

  function put(kind: Kind, name: string, found: Resource | undefined): void {
    const shelf = shelves.get(kind);
    if (!shelf || !supersedes(found, shelf.byName.get(name))) return;
    if (found) shelf.byName.set(name, found);
    else shelf.byName.delete(name);
    shelf.sorted = undefined;
    for (const onChange of listeners) tell(onChange, kind, name);
  }

  function tell(onChange: (kind: Kind, name: string) => void, kind: Kind, name: string): void {
    try {
      onChange(kind, name);
    } catch (error) {
      // One listener's bug must not keep the news from the others.
      events.changeFeedFailed(error);
    }
  }
}

/** A database replica that lags behind may answer with an older revision than one already seen. */
function supersedes(found: Resource | undefined, known: Resource | undefined): boolean {
  if (!found || !known || found.uid !== known.uid) return found !== known;
  return found.revision > known.revision;
}
