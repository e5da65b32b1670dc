import { afterAll, beforeAll, beforeEach } from "bun:test";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { Change, Kind, Resource, Store } from "../../gateway/store/store.ts";
import { openView } from "../../gateway/store/view.ts";
import { adapterBody, author, written } from "./records.ts";

/** A real store for the tests of one file, empty before each; to be called at the file's top level. */
export function storeForEachTest(): Store {
  let store: Store;
  beforeAll(async () => {
    store = await openPglite({});
  });
  afterAll(() => store[Symbol.asyncDispose]());
  beforeEach(async () => {
    for (const { name } of await store.list("adapter")) await remove(store, name);
  });
  return {
    get: (...asked) => store.get(...asked),
    list: (...asked) => store.list(...asked),
    create: (...asked) => store.create(...asked),
    update: (...asked) => store.update(...asked),
    markDeleting: (...asked) => store.markDeleting(...asked),
    purge: (...asked) => store.purge(...asked),
    recordCalls: (...asked) => store.recordCalls(...asked),
    audit: (...asked) => store.audit(...asked),
    purgeAudit: (...asked) => store.purgeAudit(...asked),
    subscribe: (...asked) => store.subscribe(...asked),
    changesAgeMs: () => store.changesAgeMs(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export type Notes = { failures?: unknown[]; pausesMs?: number[] };

/** A view that notes its pauses instead of waiting. */
export function open(from: Pick<Store, "get" | "list" | "subscribe">, { failures = [], pausesMs = [] }: Notes = {}) {
  const pause = async (ms: number) => {
    pausesMs.push(ms);
    // Timers and sockets get their turn all the same.
    await Bun.sleep(0);
  };
  return openView({ store: from, kinds: ["adapter"], events: telling(failures), pause });
}

export const telling = (failures: unknown[]) => ({ changeFeedFailed: (error: unknown) => void failures.push(error) });

export const names = (resources: readonly Resource[]) => resources.map((resource) => resource.name);

export async function create(store: Store, name: string): Promise<Resource> {
  return written(await store.create("adapter", name, adapterBody(name), author));
}

export async function remove(store: Store, name: string): Promise<void> {
  const resource = await store.get("adapter", name);
  if (!resource) return;
  await store.markDeleting("adapter", name, resource.revision, author);
  await store.purge("adapter", name, resource.uid);
}

/** A change feed that says only what the test sends. */
export function heldFeed() {
  let onChange: (change: Change) => void = () => undefined;
  return {
    send: (change: Change) => onChange(change),
    async subscribe(subscriber: (change: Change) => void) {
      onChange = subscriber;
      return async () => undefined;
    },
  };
}

/** Reads when asked, but answers only once it is opened. */
export function gatedGet(store: Store) {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const answers: (Resource | undefined)[] = [];
  return {
    answers,
    open,
    async get<K extends Kind>(kind: K, name: string) {
      const answer = await store.get(kind, name);
      answers.push(answer);
      await opened;
      return answer;
    },
  };
}
