import { expect, test } from "bun:test";
import { openPglite } from "../../gateway/store/pglite.ts";
import { storeWatch, storeWatchLimits } from "../../gateway/store/store-watch.ts";
import { failingStore } from "../support/failing-store.ts";
import { until } from "../support/until.ts";

async function stand(reload: () => Promise<void> = async () => undefined) {
  await using opening = new AsyncDisposableStack();
  const failing = failingStore(opening.use(await openPglite({})));
  const clock = { ms: Date.UTC(2026, 10, 23, 9) };
  const told: object[] = [];
  const looks = { count: 0 };
  const watch = opening.use(
    storeWatch({
      store: failing.store,
      view: { reload },
      now: () => clock.ms,
      events: {
        storeSilent: (error) => told.push({ silent: String(error) }),
        storeBack: (what) => told.push({ back: what }),
      },
      limits: { ...storeWatchLimits, answerMs: 500 },
      pause: () => {
        looks.count++;
        return Bun.sleep(1);
      },
    }),
  );
  const opened = opening.move();
  return { failing, clock, told, looks, watch, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const degraded = {
  degraded:
    "The database has not answered since 2026-11-23T09:00:00.000Z. " +
    "Traffic goes on with what was known then; changes and the REST API's answers wait for it.",
};

for (const outage of ["refuses", "silent", "lost"] as const) {
  test(`an outage (${outage}) is told once, with its beginning, and over once the view has caught up`, async () => {
    const reload = Promise.withResolvers<void>();
    let reloads = 0;
    const reloaded = () => {
      reloads++;
      return reload.promise;
    };
    await using stood = await stand(reloaded);
    const { failing, clock, told, looks, watch } = stood;
    expect(watch.health()).toBe("ok");
    failing.down(outage);
    await until("the outage", () => watch.health() !== "ok");
    clock.ms += 60_000;
    const before = looks.count;
    await until("another look", () => looks.count > before + 1);
    expect(watch.health()).toEqual(degraded);

    failing.up();
    await until("the reading", () => reloads === 1);
    expect(watch.health()).toEqual(degraded);
    reload.resolve();
    await until("the end", () => watch.health() === "ok");
    expect(told).toHaveLength(2);
    expect(told[1]).toEqual({ back: { awayMs: 60_000 } });
    expect(reloads).toBe(1);
  });
}

test("it ends while the store is silent, and while the view still reads", async () => {
  const reads = Promise.withResolvers<void>();
  const reload = () => {
    reads.resolve();
    return Promise.withResolvers<void>().promise;
  };
  const reading = await stand(reload);
  reading.failing.down();
  await until("the outage", () => reading.watch.health() !== "ok");
  reading.failing.up();
  await reads.promise;
  await reading[Symbol.asyncDispose]();

  const silent = await stand();
  silent.failing.down("silent");
  await silent[Symbol.asyncDispose]();
  expect(silent.told).toEqual([]);
});
