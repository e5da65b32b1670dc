import { beforeAll, describe, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { openPostgres } from "../../gateway/store/postgres.ts";
import type { SqlStore } from "../../gateway/store/sql-store.ts";
import { StoreUnavailable } from "../../gateway/store/store.ts";
import { openView, type View } from "../../gateway/store/view.ts";
import { hasPostgres, type PostgresServer, sharedPostgres, startPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { cuttableNetwork } from "./postgres-proxy.ts";
import { emptyUrl, namesInTrail, openEmpty, telling } from "./postgres-stand.ts";
import { adapterBody, author, written } from "./records.ts";
import { create, remove } from "./view-stand.ts";

/** Waits until the view has what the database has, and nothing else. */
async function untilRight(view: View, store: SqlStore): Promise<void> {
  const seen = (records: readonly object[]) => JSON.stringify(records);
  await until("the view is right", async () => seen(view.list("adapter")) === seen(await store.list("adapter")));
}

describe.if(hasPostgres)("PostgreSQL that goes away", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await sharedPostgres();
  });

  const viewOf = (store: SqlStore, events = telling([])) =>
    openView({
      store,
      kinds: ["adapter"],
      events,
      pause: (ms, signal) => sleep(Math.min(ms, 20), undefined, { signal }),
    });
  const cutAll = (url: string, whose = "true") =>
    server.admin.unsafe(
      `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = '${url.split("/").at(-1)}' and pid <> pg_backend_pid() and (${whose})`,
    );

  test("after its LISTEN connection was killed, with writes before it is back, the view is right", async () => {
    const url = await emptyUrl();
    const failures: unknown[] = [];
    await using writer = await openPostgres({ url, events: telling([]) });
    await using reader = await openPostgres({ url, events: telling(failures) });
    await create(writer, "changed");
    await create(writer, "gone");
    await using view = await viewOf(reader);
    for (let round = 1; round <= 3; round++) {
      await cutAll(url, "query like 'listen%' or query = 'select 1'");
      await Promise.all([
        writer.update("adapter", "changed", round, adapterBody("changed", { replicaCount: round }), author),
        create(writer, `new-${round}`),
        round === 1 ? remove(writer, "gone") : undefined,
      ]);
      await untilRight(view, writer);
    }
    expect(view.list("adapter").map(({ name, revision }) => `${name} ${revision}`)).toEqual([
      "changed 4",
      "new-1 1",
      "new-2 1",
      "new-3 1",
    ]);
    expect(failures.map(String)).toContain("Error: The connection that hears of changes broke.");
  });

  test("a network that is cut without a word is noticed within the bound, by the feed and by those who read", async () => {
    const url = await emptyUrl();
    await using network = await cuttableNetwork(server.port);
    const limits = { heartbeatMs: 100, answerMs: 100, maxPauseMs: 50, graceMs: 100 };
    const failures: unknown[] = [];
    await using reader = await openPostgres({
      url: `${url.replace(String(server.port), String(network.port))}?statement_timeout=200&connect_timeout=1`,
      events: telling(failures),
      limits,
    });
    await using writer = await openPostgres({ url, events: telling([]) });
    await create(writer, "before");
    await using view = await viewOf(reader);
    network.freeze();
    await create(writer, "meanwhile");
    await expect(reader.get("adapter", "before")).rejects.toEqual(
      new StoreUnavailable("The database did not answer within 300 ms."),
    );
    await until("the feed notices", () => failures.length > 0);
    expect(String(failures[0])).toBe("Error: The connection that hears of changes leads nowhere.");
    expect(view.get("adapter", "meanwhile")).toBeUndefined();
    network.thaw();
    await untilRight(view, writer);
    expect(view.get("adapter", "meanwhile")?.revision).toBe(1);
    expect((await reader.get("adapter", "meanwhile"))?.revision).toBe(1);
  });

  test("a database that is restarted: writes fail as unavailable meanwhile, then all goes on", async () => {
    await using own = await startPostgres();
    const url = await emptyUrl(own);
    await using store = await openPostgres({ url, events: telling([]) });
    await create(store, "before");
    await using view = await viewOf(store);
    await own.stop("SIGINT");
    await expect(store.create("adapter", "meanwhile", adapterBody("meanwhile"), author)).rejects.toBeInstanceOf(
      StoreUnavailable,
    );
    await expect(store.list("adapter")).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(store.recordCalls([])).resolves.toBeUndefined();
    expect(view.get("adapter", "before")?.revision).toBe(1);
    await own.start();
    await until("a write", () => create(store, "after").catch(() => false as const));
    await untilRight(view, store);
    expect(view.list("adapter").map(({ name }) => name)).toEqual(["after", "before"]);
  });

  test("connections that are killed in the middle of transactions leave no half of one, and no process dies of it", async () => {
    const url = await emptyUrl();
    await using network = await cuttableNetwork(server.port);
    const through = url.replace(String(server.port), String(network.port));
    await using store = await openPostgres({ url: through, events: telling([]) });
    const acknowledged = new Set<string>();
    let unavailable = 0;
    let writing = true;
    const cutting = (async () => {
      for (let cut = 0; cut < 30; cut++) {
        if (cut % 2 === 0) network.reset();
        else await cutAll(url);
        await sleep(10 + Math.random() * 40);
      }
      writing = false;
    })();
    await Promise.all(
      Array.from({ length: 10 }, async (_, writer) => {
        for (let count = 0; writing; count++) {
          const name = `writer-${writer}-${count}`;
          try {
            written(await store.create("adapter", name, adapterBody(name), author));
            acknowledged.add(name);
          } catch (error) {
            if (!(error instanceof StoreUnavailable)) throw error;
            unavailable++;
          }
        }
      }),
    );
    await cutting;
    expect([acknowledged.size > 0, unavailable > 0]).toEqual([true, true]);
    const stored = await until("the list", () => store.list("adapter").catch(() => undefined));
    const names = new Set(stored.map(({ name }) => name));
    expect([...acknowledged].filter((name) => !names.has(name))).toEqual([]);
    expect((await namesInTrail(store)).toSorted()).toEqual([...names].toSorted());
  });

  test("what one store writes is seen by a view on another at once", async () => {
    const url = await emptyUrl();
    await using writer = await openPostgres({ url, events: telling([]) });
    await using reader = await openPostgres({ url, events: telling([]) });
    await using view = await viewOf(reader);
    await create(writer, "weather");
    const delaysMs: number[] = [];
    for (let revision = 1; revision <= 100; revision++) {
      const seen = Promise.withResolvers<void>();
      const stop = view.subscribe(() => view.get("adapter", "weather")?.revision === revision + 1 && seen.resolve());
      written(await writer.update("adapter", "weather", revision, adapterBody("weather"), author));
      const acknowledgedMs = performance.now();
      await Promise.race([seen.promise, sleep(5_000)]);
      delaysMs.push(performance.now() - acknowledgedMs);
      stop();
    }
    delaysMs.sort((a, b) => a - b);
    const [median = 0, p99 = 0, max = 0] = [delaysMs[49], delaysMs[98], delaysMs[99]];
    console.log(`seen after: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`);
    expect(median).toBeLessThan(2_000);
  });

  test("of 50 writers that race on one record one wins each revision, and none is lost", async () => {
    const url = await emptyUrl();
    const stores = await Promise.all([1, 2].map(() => openPostgres({ url, events: telling([]) })));
    const [store] = stores as [SqlStore];
    await create(store, "raced");
    const wins = new Map<number, number>();
    await Promise.all(
      Array.from({ length: 50 }, async (_, writer) => {
        const on = stores[writer % 2] as SqlStore;
        for (let revision = 1; ;) {
          const body = adapterBody("raced", { description: `writer ${writer}` });
          const answer = await on.update("adapter", "raced", revision, body, author);
          if (answer.state === "absent") throw new Error("it is there");
          if (answer.state === "written") return wins.set(answer.resource.revision, writer);
          revision = answer.revision;
        }
      }),
    );
    expect([...wins.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
    expect(new Set(wins.values()).size).toBe(50);
    const last = await store.get("adapter", "raced");
    expect([last?.revision, last?.body.description]).toEqual([51, `writer ${wins.get(51)}`]);
    expect((await namesInTrail(store)).length).toBe(51);
    for (const each of stores) await each[Symbol.asyncDispose]();
  });

  test("no more connections than the pool has, and whoever waits too long or is too many is told", async () => {
    const url = await emptyUrl();
    const limits = { waitMs: 200, maxWaiting: 5 };
    await using store = await openPostgres({ url: `${url}?pool_size=2`, events: telling([]), limits });
    await create(store, "weather");
    const other = postgres(url, { max: 1 });
    const held = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = other.begin(async (sql) => {
      await sql`lock table resources in exclusive mode`;
      locked.resolve();
      await held.promise;
    });
    await locked.promise;
    const write = (name: string) => store.create("adapter", name, adapterBody(name), author);
    const atWork = [write("first"), write("second")];
    const waiting = ["a", "b", "c", "d", "e"].map(write).map((writing) => writing.catch((error: Error) => error));
    await expect(write("one too many")).rejects.toEqual(
      new StoreUnavailable("All 2 database connections are busy, and 5 wait for one."),
    );
    const late = new StoreUnavailable("No database connection was free within 200 ms; all 2 are busy.");
    expect(await Promise.all(waiting)).toEqual(Array(5).fill(late));
    held.resolve();
    await holding;
    expect((await Promise.all(atWork)).map(({ state }) => state)).toEqual(["written", "written"]);
    expect((await store.list("adapter")).map(({ name }) => name)).toEqual(["first", "second", "weather"]);
    await other.end();
  });

  test("a statement that takes too long is ended by the server, and says so", async () => {
    await using store = await openEmpty({ settings: { statementTimeoutMs: 100 } });
    await store.db.execute(
      "create function slow() returns trigger as $$ begin perform pg_sleep(9); return new; end $$ language plpgsql",
    );
    await store.db.execute("create trigger slow before insert on audit execute function slow()");
    await expect(create(store, "weather")).rejects.toEqual(
      new StoreUnavailable("canceling statement due to statement timeout (57014)"),
    );
    expect(await store.get("adapter", "weather")).toBeUndefined();
  });

  test("an error that is a bug is none of an unavailable store, and shows no value of the statement", async () => {
    await using store = await openEmpty();
    await store.db.execute("alter table audit add constraint known check (actor <> 'nobody')");
    const nobody = { id: "nobody", requestId: "r" };
    const body = adapterBody("weather", { environmentVariables: { TOKEN: "hunter2" } });
    const error: Error = await store.create("adapter", "weather", body, nobody).catch((thrown) => thrown);
    expect(error).not.toBeInstanceOf(StoreUnavailable);
    expect(error.message).toBe('new row for relation "audit" violates check constraint "known" (23514)');
    expect(Bun.inspect(error)).not.toContain("hunter2");
  });
});
