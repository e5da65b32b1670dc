import { describe, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openPostgres } from "../../gateway/store/postgres.ts";
import type { SqlStore } from "../../gateway/store/sql-store.ts";
import { StoreUnavailable } from "../../gateway/store/store.ts";
import { openView } from "../../gateway/store/view.ts";
import { hasPostgres, startPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { emptyUrl, telling } from "./postgres-stand.ts";
import { adapterBody, author } from "./records.ts";

const kills = 8;
const writers = 8;

describe.if(hasPostgres)("PostgreSQL killed with -9 under load", () => {
  test("no acknowledged write is lost, each record has its audit rows and no others, and a view is right afterwards", async () => {
    await using server = await startPostgres(["fsync=on"]);
    const url = await emptyUrl(server);
    await using store = await openPostgres({ url, events: telling([]) });
    await using other = await openPostgres({ url, events: telling([]) });
    await using view = await openView({ store: other, kinds: ["adapter"], events: telling([]) });
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < kills; round++) {
      const closing = new AbortController();
      const load = Promise.all(
        Array.from({ length: writers }, (_, writer) =>
          write(store, `${round}-${writer}`, closing.signal, acknowledged),
        ),
      );
      const before = acknowledged.size;
      await until("some writes", () => acknowledged.size > before + 20 * Math.random());
      await sleep(Math.random() * 50);
      await server.stop("SIGKILL");
      await server.start();
      await until("writes again", async () =>
        store.get("adapter", "any").then(
          () => true,
          () => false,
        ),
      );
      closing.abort();
      await load;
    }
    const stored = new Map((await store.list("adapter")).map((resource) => [resource.name, resource]));
    const lost = [...acknowledged].filter(([name, revision]) => (stored.get(name)?.revision ?? 0) < revision);
    expect(lost).toEqual([]);
    const trail = Map.groupBy(await entriesOf(store), ({ name }) => name);
    for (const { name, uid, revision } of stored.values()) {
      const history = [`${uid} 1 create`, `${uid} 2 update`].slice(0, revision);
      expect((trail.get(name) ?? []).map((row) => `${row.uid} ${row.revision} ${row.action}`).reverse()).toEqual(
        history,
      );
    }
    expect([...trail.keys()].filter((name) => !stored.has(name))).toEqual([]);
    console.log(`${kills} kills, ${acknowledged.size} records acknowledged, ${stored.size} stored, none lost`);
    await until("the view is right", async () => {
      return JSON.stringify(view.list("adapter")) === JSON.stringify(await store.list("adapter"));
    });
  }, 180_000);
});

/** Creates and changes records; what fails as unavailable may be there or not. */
async function write(store: SqlStore, prefix: string, signal: AbortSignal, acknowledged: Map<string, number>) {
  for (let count = 0; !signal.aborted; count++) {
    const name = `run-${prefix}-${count}`;
    try {
      const created = await store.create("adapter", name, adapterBody(name), author);
      if (created.state === "written") acknowledged.set(name, 1);
      const updated = await store.update("adapter", name, 1, adapterBody(name, { replicaCount: 2 }), author);
      if (updated.state === "written") acknowledged.set(name, 2);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await sleep(5);
    }
  }
}

async function entriesOf(store: SqlStore) {
  const entries: { name: string; uid: string; revision: number | null; action: string }[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await store.audit({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    if (page.state !== "read") throw new Error(page.state);
    entries.push(...page.entries);
    cursor = page.next;
  }
  return entries;
}
