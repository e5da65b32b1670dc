import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq, sql } from "drizzle-orm";
import { auditOf } from "../../gateway/store/audit.ts";
import { resources } from "../../gateway/store/schema.ts";
import type { SqlStore } from "../../gateway/store/sql-store.ts";
import type { Change } from "../../gateway/store/store.ts";
import { until } from "../support/until.ts";
import { adapterBody, author } from "./records.ts";
import { storeSuite } from "./store.suite.ts";

/** Every store's promises, and those of one in a SQL database. Each call of `open` gives an empty store. */
export function sqlStoreSuite(name: string, open: () => Promise<SqlStore>): void {
  storeSuite(name, async () => {
    const store = await open();
    return {
      store,
      auditOf: (kind, id) => auditOf(store.db, kind, id),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  });

  describe(`${name}, in SQL`, () => {
    let store: SqlStore;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store[Symbol.asyncDispose]());

    test("a body is a jsonb object that SQL can look into, not text that holds JSON", async () => {
      const body = adapterBody("typed", { environmentVariables: { GREETING: "olá 🦊" } });
      const stored = () =>
        store.db
          .select({
            type: sql<string>`jsonb_typeof(${resources.body})`,
            inside: sql<string>`${resources.body} -> 'environmentVariables' ->> 'GREETING'`,
          })
          .from(resources)
          .where(eq(resources.name, "typed"));
      await store.create("adapter", "typed", body, author);
      expect(await stored()).toEqual([{ type: "object", inside: "olá 🦊" }]);
      await store.update("adapter", "typed", 1, body, author);
      expect(await stored()).toEqual([{ type: "object", inside: "olá 🦊" }]);
    });

    test("a write whose audit row cannot be written is not written and not told", async () => {
      const heard: Change[] = [];
      const stop = await store.subscribe((change) => heard.push(change));
      await store.db.execute(sql`alter table audit add constraint known_actor check (actor <> 'nobody')`);
      const nobody = { id: "nobody", requestId: "request-2" };
      await store.create("adapter", "kept", adapterBody("kept"), author);

      await expect(store.create("adapter", "lost", adapterBody("lost"), nobody)).rejects.toThrow();
      await expect(store.update("adapter", "kept", 1, adapterBody("kept"), nobody)).rejects.toThrow();
      await expect(store.markDeleting("adapter", "kept", 1, nobody)).rejects.toThrow();

      expect(await store.get("adapter", "lost")).toBeUndefined();
      expect(await store.get("adapter", "kept")).toMatchObject({ revision: 1, deleting: false });
      await store.create("adapter", "last", adapterBody("last"), author);
      await until("the last write", () => heard.some((change) => change.type === "changed" && change.name === "last"));
      const names = heard.flatMap((change) => (change.type === "changed" ? [change.name] : []));
      expect(names).toEqual(["kept", "last"]);
      await stop();
    });

    test("entries within one millisecond of the database's clock are paged without a gap", async () => {
      const times = ["00.1231", "00.1232", "00.1234", "00.1239"];
      for (const second of times) {
        await store.db.execute(
          sql`insert into audit (at, actor, action, kind, name, uid, request_id) values
            (${`2026-11-01 00:00:${second}Z`}, 'ms', 'update', 'adapter', 'ms', gen_random_uuid(), ${second})`,
        );
      }
      const seen: string[] = [];
      for (let cursor: string | undefined, turn = 0; turn < times.length; turn++) {
        const read = await store.audit({ actor: "ms", limit: 1, cursor });
        if (read.state !== "read") throw new Error(read.state);
        seen.push(...read.entries.map(({ requestId }) => requestId));
        cursor = read.next ?? undefined;
      }
      expect(seen).toEqual(times.toReversed());
    });
  });
}
