import { expect, test } from "bun:test";
import { type KubeClient, kubeClient } from "../../../../gateway/runtime/kubernetes/api/client.ts";
import { reflectorLimits } from "../../../../gateway/runtime/kubernetes/api/limits.ts";
import type { Service } from "../../../../gateway/runtime/kubernetes/api/objects.ts";
import { type ReflectOptions, reflect } from "../../../../gateway/runtime/kubernetes/api/reflector.ts";
import { services } from "../../../../gateway/runtime/kubernetes/api/resources.ts";
import { until } from "../../../support/until.ts";
import { clusterAt, hangsUp, service, status } from "./fake-api.ts";
import { fakeTime, nextTurn } from "./fake-time.ts";
import { added, bookmark, deleted, modified, watchError, watchServer } from "./watch-server.ts";

/** Retries at once. */
const limits = { ...reflectorLimits, firstRetryMs: 1, maxRetryMs: 2 };

function reflecting(
  origin: string,
  options: Partial<ReflectOptions<Service>> = {},
  client: Pick<KubeClient, "list" | "watch"> = kubeClient(clusterAt(origin)),
) {
  const stop = new AbortController();
  /** `added weather 1`; behind an arrow what was there before. */
  const heard: string[] = [];
  const events: string[] = [];
  const reflection = reflect(client, services, {
    namespace: "adapter",
    limits,
    signal: stop.signal,
    onChange: (type, { metadata }, previous) => {
      const before = previous ? ` <- ${previous.metadata.resourceVersion}` : "";
      heard.push(`${type} ${metadata.name} ${metadata.resourceVersion}${before}`);
    },
    onSynced: () => heard.push("synced"),
    events: { watchInterrupted: ({ reason }) => events.push(reason) },
    ...options,
  });
  return {
    reflection,
    heard,
    events,
    stop,
    hears: (line: string) => until(line, () => heard.includes(line)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reflection.done;
    },
  };
}

test("a list, then a watch from there: each change is told once, with what was before", async () => {
  await using api = watchServer();
  api.items = [service("weather", "4"), service("maps", "5")];
  api.resourceVersion = "7";
  await using copy = reflecting(api.origin, { labelSelector: "adapter/type=mcp" });
  const watch = await api.watch(1);
  expect(copy.reflection.synced).toBe(true);
  watch.send(modified(service("weather", "8")));
  watch.send(added(service("time", "9")));
  watch.send(added(service("time", "9")));
  watch.send(deleted(service("maps", "10")));
  watch.send(deleted(service("never-seen", "11")));
  watch.send(added(service("last", "12")));
  await copy.hears("added last 12");
  expect(copy.heard).toEqual([
    "added weather 4",
    "added maps 5",
    "synced",
    "modified weather 8 <- 4",
    "added time 9",
    "removed maps 10 <- 5",
    "added last 12",
  ]);
  expect(copy.reflection.list().map(({ metadata }) => metadata.name)).toEqual(["weather", "time", "last"]);
  expect(copy.reflection.get("weather")?.metadata.resourceVersion).toBe("8");
  expect(copy.reflection.get("maps")).toBeUndefined();
  const { timeoutSeconds, ...query } = Object.fromEntries(watch.query);
  expect(query).toEqual({
    watch: "true",
    allowWatchBookmarks: "true",
    labelSelector: "adapter/type=mcp",
    resourceVersion: "7",
  });
  expect(Number(timeoutSeconds)).toBeWithin(240, 301);
});

test("a watch that the server ends goes on where it was, bookmarks included", async () => {
  await using api = watchServer();
  await using copy = reflecting(api.origin);
  const first = await api.watch(1);
  first.send(added(service("weather", "4")));
  first.end();
  const second = await api.watch(2);
  second.send(bookmark("90"));
  second.end();
  const third = await api.watch(3);
  expect([first, second, third].map(({ query }) => query.get("resourceVersion"))).toEqual(["1", "4", "90"]);
  expect(api.lists).toBe(1);
  expect(copy.events).toEqual([]);
});

for (const [how, refuse] of [
  ["an ERROR event", (api: ReturnType<typeof watchServer>) => api.watches[0]?.send(watchError(410, "Expired"))],
  [
    "the HTTP status",
    (api: ReturnType<typeof watchServer>) => {
      const [watch] = api.watches;
      api.refuseWatch = () => {
        api.refuseWatch = undefined;
        return status(410, "Expired", "why");
      };
      watch?.end();
    },
  ],
] as const)
  test(`a position too old, by ${how}: a new list is compared, and only differences are told`, async () => {
    await using api = watchServer();
    api.items = [service("weather", "4"), service("maps", "5"), service("time", "6"), service("again", "7")];
    await using copy = reflecting(api.origin);
    await api.watch(1);
    api.items = [service("weather", "4"), service("maps", "15"), service("again", "17", { uid: "another" })];
    api.resourceVersion = "20";
    copy.heard.length = 0;
    refuse(api);
    const second = await api.watch(2);
    expect(copy.heard).toEqual([
      "removed time 6 <- 6",
      "modified maps 15 <- 5",
      "removed again 7 <- 7",
      "added again 17",
    ]);
    expect(second.query.get("resourceVersion")).toBe("20");
    expect(api.lists).toBe(2);
    expect(copy.events).toEqual(["410 Expired: why"]);
    await until("all is well again", () => copy.reflection.lastError === undefined);
  });

test("a watch that breaks goes on where it was, and why is said without Bun's advice", async () => {
  await using api = watchServer();
  using broken = hangsUp();
  const [whole, breaking] = [kubeClient(clusterAt(api.origin)), kubeClient(clusterAt(broken.origin))];
  const asked: string[] = [];
  const client: Pick<KubeClient, "list" | "watch"> = {
    list: whole.list,
    watch: (resource, where) => (asked.push(where.resourceVersion) === 1 ? breaking : whole).watch(resource, where),
  };
  await using copy = reflecting(api.origin, {}, client);
  await api.watch(1);
  expect(asked).toEqual(["1", "1"]);
  expect(api.lists).toBe(1);
  expect(copy.events).toEqual(["The socket connection was closed unexpectedly. (ECONNRESET)"]);
});

test("while a new list cannot be had, the copy stays, and why is said", async () => {
  await using api = watchServer();
  api.items = [service("weather", "4")];
  await using copy = reflecting(api.origin);
  const watch = await api.watch(1);
  api.refuseList = () => status(403, "Forbidden", "not yours");
  watch.send(watchError(410, "Expired"));
  await until("it is refused", () => copy.reflection.lastError === "403 Forbidden: not yours");
  expect([copy.reflection.synced, copy.reflection.list().length]).toEqual([true, 1]);
  api.refuseList = undefined;
  await api.watch(2);
  await until("it is well again", () => copy.reflection.lastError === undefined);
  expect(copy.heard).toEqual(["added weather 4", "synced"]);
});

test("a busy server's watch goes on where it was; after any other no it is listed anew", async () => {
  await using api = watchServer();
  await using copy = reflecting(api.origin);
  for (const [code, lists] of [
    [429, 1],
    [503, 1],
    [504, 2],
    [500, 3],
  ] as const) {
    const number = api.watches.length;
    (await api.watch(number || 1)).send(watchError(code, "Why"));
    await api.watch(Math.max(number, 1) + 1);
    expect([code, api.lists]).toEqual([code, lists]);
  }
  expect(copy.events).toHaveLength(4);
});

test("chunks may end anywhere, within a character too", async () => {
  await using api = watchServer();
  await using copy = reflecting(api.origin);
  const watch = await api.watch(1);
  const line = Buffer.from(`${JSON.stringify(added(service("weather", "4", { note: "größe 東京 🚀" })))}\n`);
  for (const byte of line) {
    watch.bytes(Uint8Array.of(byte));
    await nextTurn();
  }
  await copy.hears("added weather 4");
  expect(copy.reflection.get("weather")?.metadata.annotations?.["note"]).toBe("größe 東京 🚀");
});

test("a line that is too long, or is no event, is gone around by a new list", async () => {
  await using api = watchServer();
  await using copy = reflecting(api.origin, { limits: { ...limits, maxLineBytes: 1000 } });
  (await api.watch(1)).send(added(service("weather", "4", { note: "x".repeat(1000) })));
  (await api.watch(2)).bytes(Buffer.from("{oops\n"));
  (await api.watch(3)).bytes(Buffer.from('{"type":"ADDED","object":{"metadata":{"name":"weather"}}}\n'));
  (await api.watch(4)).bytes(Buffer.from("null\n"));
  await api.watch(5);
  expect(api.lists).toBe(5);
  expect(copy.heard).toEqual(["synced"]);
  expect(copy.events.slice(0, 2)).toEqual([
    "a line is longer than 1000 bytes",
    "200 Unreadable: a line of the watch is no event",
  ]);
});

test("a watch that says nothing for 75 seconds is dead: another goes on where it was", async () => {
  await using api = watchServer();
  const time = fakeTime();
  await using copy = reflecting(api.origin, { now: time.now, pause: time.pause });
  const first = await api.watch(1);
  await until("it waits", () => time.paused.length === 1);
  await time.forward(74_000);
  first.send(added(service("weather", "4")));
  await copy.hears("added weather 4");
  await time.forward(74_000);
  expect(time.paused).toEqual([75_000, 74_000]);
  await time.forward(1_000);
  await until("it is said", () => copy.events.length === 1);
  expect(copy.events).toEqual(["nothing was heard for 75 s"]);
  await time.forward(200);
  expect((await api.watch(2)).query.get("resourceVersion")).toBe("4");
  expect(api.lists).toBe(1);
});

test("retries wait longer and longer, 5 seconds at most", async () => {
  const time = fakeTime();
  using gone = hangsUp();
  const { now, pause } = time;
  await using copy = reflecting(gone.origin, { now, pause, random: () => 1, limits: reflectorLimits });
  for (const [retries, ms] of [400, 800, 1600, 3200, 5000, 5000].entries()) {
    await until(`retry ${retries + 1}`, () => time.paused.length === retries + 1);
    expect(time.paused[retries]).toBe(ms);
    await time.forward(ms);
  }
  expect(copy.reflection.synced).toBe(false);
  expect(copy.reflection.lastError).toContain("closed");
});

test("after a watch that held the next retry is a quick one, however it ended; not after one that ended at once", async () => {
  const time = fakeTime();
  await using api = watchServer();
  const { now, pause } = time;
  await using copy = reflecting(api.origin, { now, pause, random: () => 0, limits: reflectorLimits });
  const retries = () => time.paused.filter((ms) => ms < 75_000 && ms > 0);
  for (const [number, ms] of [200, 400, 800].entries()) {
    (await api.watch(number + 1)).end();
    await until("it waits to go on", () => retries().length === number + 1);
    expect(retries()[number]).toBe(ms);
    await time.forward(ms);
  }
  const fourth = await api.watch(4);
  fourth.send(added(service("weather", "4")));
  await copy.hears("added weather 4");
  await time.forward(1_000);
  fourth.end();
  await until("it waits to go on", () => retries().length === 4);
  expect(retries()[3]).toBe(100);
});

test("after the signal nothing is heard, asked or waited for any more", async () => {
  await using api = watchServer();
  await using watching = reflecting(api.origin);
  await api.watch(1);
  watching.stop.abort();
  await watching.reflection.done;
  expect(watching.events).toEqual([]);

  using gone = hangsUp();
  await using waiting = reflecting(gone.origin, { limits: { ...limits, firstRetryMs: 1e9, maxRetryMs: 1e9 } });
  await until("it waits", () => waiting.events.length === 1);
  waiting.stop.abort();
  await waiting.reflection.done;
});

test("a listener that throws stops nothing", async () => {
  await using api = watchServer();
  await using copy = reflecting(api.origin, {
    onChange: (_type, { metadata }) => {
      if (metadata.name === "weather") throw new Error("cannot take it");
    },
  });
  (await api.watch(1)).send(added(service("weather", "4")));
  (await api.watch(2)).send(added(service("maps", "5")));
  await until("the next is seen", () => copy.reflection.get("maps"));
  expect(copy.events).toEqual(["cannot take it"]);
});
