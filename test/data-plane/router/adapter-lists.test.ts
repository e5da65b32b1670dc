import { expect, test } from "bun:test";
import { callerNamed, type FakeServer, stand, toolNamed, withTools } from "./fake-peers.ts";

const ann = callerNamed("ann");
const bob = callerNamed("bob");
const every = { tools: {}, prompts: {}, resources: {} };

test("lists are read to their last page, and only those that the server has", async () => {
  const s = stand();
  s.adapter("paged", {
    identity: { capabilities: every },
    answer: (method, { cursor }) => {
      if (method === "prompts/list") return { prompts: [{ name: "p" }] };
      if (method === "resources/list") return { resources: [{ uri: "file:///r", name: "r" }] };
      if (method === "resources/templates/list") return { state: "error", error: { code: -32601, message: "no" } };
      return cursor === undefined ? { tools: [toolNamed("b")], nextCursor: "2" } : { tools: [toolNamed("a")] };
    },
  });
  s.adapter("bare", { identity: { capabilities: {} } });
  expect(await s.names(ann)).toEqual(["paged_a", "paged_b"]);
  expect(await s.names(ann, "prompts")).toEqual(["paged_p"]);
  expect(await s.names(ann, "resources")).toEqual(["mcp+paged+file:///r"]);
  expect(await s.list("resourceTemplates", ann)).toEqual({ entries: [], absent: [] });
  expect(s.asked.filter(({ adapter }) => adapter === "bare")).toEqual([]);
});

test.each([
  ["goes round in circles", () => ({ tools: [toolNamed("a")], nextCursor: "again" }), 2, null],
  ["has no end", endless(), 50, "Its list is longer than the router reads."],
  [
    "has a million tools",
    () => ({ tools: Array.from({ length: 6000 }, (_, i) => toolNamed(`t${i}`)), nextCursor: "2" }),
    1,
    "Its list is longer than the router reads.",
  ],
  [
    "fills the memory",
    () => ({ tools: Array.from({ length: 30 }, (_, i) => toolNamed(`t${i}`, { description: "x".repeat(200_000) })) }),
    1,
    "Its list is longer than the router reads.",
  ],
])("a server that %s is read to a limit", async (_what, answer, requests, reason) => {
  const s = stand();
  const adapter = s.adapter("liar", { answer });
  expect((await s.names(ann)).length).toBeLessThanOrEqual(5000);
  expect(s.asked).toHaveLength(requests as number);
  expect(s.exposureOf(adapter)).toMatchObject({ state: "listed", reason });
});

function endless(): FakeServer["answer"] {
  let page = 0;
  return () => ({ tools: [toolNamed(`t${page}`)], nextCursor: `${page++}` });
}

test("what is no tool by the specification is left out, and the status says how many", async () => {
  const s = stand();
  let deep: Record<string, unknown> = { type: "object" };
  for (let i = 0; i < 20_000; i++) deep = { type: "object", properties: { a: deep } };
  const adapter = s.adapter(
    "liar",
    withTools([
      "good",
      null as never,
      7 as never,
      toolNamed(""),
      toolNamed("x".repeat(1025)),
      toolNamed("\ud800"),
      { inputSchema: { type: "object" } },
      { name: "none" },
      { name: "text", inputSchema: "object" },
      { name: "list", inputSchema: [] },
      { name: "array", inputSchema: { type: "array" } },
      toolNamed("described", { description: 7 }),
      toolNamed("large", { description: "x".repeat(256 * 1024) }),
      toolNamed("deep", { inputSchema: deep }),
      toolNamed("good", { description: "Another" }),
      toolNamed("Good"),
      toolNamed("x".repeat(1024)),
    ]),
  );
  const { entries } = await s.list("tools", ann);
  expect(
    entries.map(({ name, definition }) => [name.slice(0, 20), String(definition.description).slice(0, 9)]),
  ).toEqual([
    ["liar_Good", "Does Good"],
    ["liar_good", "Does good"],
    ["liar_xxxxxxxxxxxxxxx", "Does xxxx"],
  ]);
  expect(s.exposureOf(adapter)?.reason).toBe("13 of its entries are left out: they are malformed or too large.");
});

test("a shown schema wants no headers and no client chokes on it; the server's own is kept for calls", async () => {
  const s = stand();
  const inputSchema = { type: "object", properties: { a: { type: "string", "x-mcp-header": "A" }, b: true, c: false } };
  s.adapter("a", withTools([toolNamed("t", { inputSchema })]));
  const found = await s.find("tools", "a_t", ann);
  expect(found?.definition).toEqual({
    name: "a_t",
    description: "Does t",
    inputSchema: { type: "object", properties: { a: { type: "string" }, b: {}, c: { not: {} } } },
  });
  expect(found?.origin).toMatchObject({ kind: "adapter", name: "t", inputSchema });
});

test.each([
  ["modern", { ttlMs: 8_000 }, 8_000],
  ["modern", { ttlMs: 1e12 }, 300_000],
  ["modern", { ttlMs: 0 }, 5_000],
  ["modern", { ttlMs: "soon" }, 5_000],
  ["legacy", { ttlMs: 1 }, 60_000],
] as const)("a %s list with %p is fresh for %d ms", async (era, about, ms) => {
  const s = stand();
  s.adapter("a", { ...withTools(["t"], about), identity: { era } });
  await s.list("tools", ann);
  s.clock.ms += ms - 1;
  await s.list("tools", ann);
  expect(s.asked).toHaveLength(1);
  s.clock.ms += 1;
  await s.list("tools", ann);
  expect(s.asked).toHaveLength(2);
});

test("a list is kept for one access, and shared only if the server calls it public", async () => {
  const s = stand();
  s.adapter("private", withTools(["t"]));
  s.adapter("public", withTools(["t"], { cacheScope: "public" }));
  s.adapter("legacy", { ...withTools(["t"], { cacheScope: "public" }), identity: { era: "legacy" } });
  s.adapter("policed", withTools(["t"], { cacheScope: "public" }), { allowedTools: { team: ["t"] } });
  for (const caller of [ann, bob, callerNamed("ann", ["team", "more"]), callerNamed("ann", ["TEAM"])]) {
    await s.list("tools", caller);
  }
  const counts = Object.groupBy(s.asked, ({ adapter }) => adapter);
  expect(counts.public).toHaveLength(1);
  for (const name of ["private", "legacy", "policed"]) expect([name, counts[name]?.length]).toEqual([name, 3]);
});

test("each sees its own list, also while a public one turns private under them", async () => {
  const s = stand();
  let scope = "public";
  const release = Promise.withResolvers<void>();
  s.adapter("a", {
    answer: async (_method, _params, { principal }) => {
      if (scope === "private") await release.promise;
      return { tools: [toolNamed(scope === "public" ? "all" : principal.id)], ttlMs: 1_000, cacheScope: scope };
    },
  });
  expect(await s.names(ann)).toEqual(["a_all"]);
  scope = "private";
  s.clock.ms += 5_000;
  const lists = [s.names(ann), s.names(bob), s.names(ann)];
  release.resolve();
  expect(await Promise.all(lists)).toEqual([["a_ann"], ["a_bob"], ["a_ann"]]);
});

test("callers with the same access wait for one reading, and the first who goes away does not end it", async () => {
  const s = stand();
  const release = Promise.withResolvers<void>();
  let reader: AbortSignal | undefined;
  s.adapter("a", {
    answer: async (_method, _params, { signal }) => {
      reader = signal;
      await release.promise;
      return signal.aborted ? { state: "unavailable", reason: "Cancelled." } : { tools: [toolNamed("t")] };
    },
  });
  const leaving = new AbortController();
  const first = s.list("tools", callerNamed("ann", ["team"], leaving.signal));
  const second = s.names(ann);
  leaving.abort();
  expect((await first).absent).toHaveLength(1);
  expect(reader?.aborted).toBe(false);
  release.resolve();
  expect(await second).toEqual(["a_t"]);
  expect(s.asked).toHaveLength(1);
});

test("an adapter that is down, slow or lies is absent with a reason, and hides nobody else's tools", async () => {
  const s = stand({ deadlineMs: 20, readingMs: 60_000 });
  s.tool("own");
  s.adapter("good", withTools(["t"]));
  s.adapter("down", { identity: "unavailable" });
  s.adapter("silent", { answer: () => new Promise(() => {}) });
  s.adapter("refusing", { answer: () => ({ state: "error", error: { code: -32603, message: "<b>secret</b>" } }) });
  s.adapter("lying", { answer: () => ({ tools: "all of them" }) });
  s.adapter("throwing", { answer: () => Promise.reject(new Error("secret")) });
  const { entries, absent } = await s.list("tools", ann);
  expect(entries.map(({ name }) => name)).toEqual(["good_t", "own"]);
  expect(absent).toEqual([
    { adapter: "down", reason: "It is down." },
    { adapter: "lying", reason: "Its answer to tools/list has no list." },
    { adapter: "refusing", reason: "It answered tools/list with an error." },
    { adapter: "silent", reason: "It has not answered within 20 ms." },
    { adapter: "throwing", reason: "Its list cannot be read." },
  ]);
  s[Symbol.dispose]();
});

test("a dead adapter is asked again after five seconds, not with each list", async () => {
  const s = stand();
  let isDown = true;
  s.adapter("a", { answer: () => (isDown ? { state: "unavailable", reason: "Down." } : { tools: [toolNamed("t")] }) });
  await s.list("tools", ann);
  isDown = false;
  s.clock.ms += 4_999;
  expect(await s.list("tools", ann)).toEqual({ entries: [], absent: [{ adapter: "a", reason: "Down." }] });
  expect(s.asked).toHaveLength(1);
  s.clock.ms += 1;
  expect(await s.names(ann)).toEqual(["a_t"]);
});

test("the last list stands in for one that cannot be read, for ten minutes", async () => {
  const s = stand();
  const adapter = s.adapter("a", withTools(["t"]));
  expect(await s.names(ann)).toEqual(["a_t"]);
  s.break("a");
  s.clock.ms += 600_000;
  expect(await s.names(ann)).toEqual(["a_t"]);
  expect(s.exposureOf(adapter)).toMatchObject({ state: "listed", reason: "It is down.", tools: 1 });
  s.clock.ms += 1;
  expect(await s.list("tools", ann)).toEqual({ entries: [], absent: [{ adapter: "a", reason: "It is down." }] });
  expect(s.exposureOf(adapter)).toMatchObject({ state: "absent", reason: "It is down." });
});

test("a reading that comes too late for one list is there for the next", async () => {
  const s = stand({ deadlineMs: 1, readingMs: 60_000 });
  const release = Promise.withResolvers<void>();
  const adapter = s.adapter("a", {
    answer: () => release.promise.then(() => ({ tools: [toolNamed("t")], ttlMs: 60_000 })),
  });
  expect((await s.list("tools", ann)).absent).toEqual([{ adapter: "a", reason: "It has not answered within 1 ms." }]);
  expect(s.exposureOf(adapter)).toMatchObject({ state: "absent", reason: "It has not answered within 1 ms." });
  // The deadline is the reading's, so nobody waits for it a second time.
  expect((await s.list("tools", bob)).absent).toHaveLength(1);
  expect((await s.list("tools", ann)).absent).toHaveLength(1);
  expect(s.asked.filter(({ user }) => user === "ann")).toHaveLength(1);
  release.resolve();
  await release.promise;
  await Bun.sleep(0);
  expect(await s.names(ann)).toEqual(["a_t"]);
  expect(s.asked.filter(({ user }) => user === "ann")).toHaveLength(1);
});

test("a reading ends when its time is over, whether the server's client heeds that or not", async () => {
  const s = stand({ deadlineMs: 60_000, readingMs: 5 });
  let reader: AbortSignal | undefined;
  s.adapter("a", {
    answer: (_method, _params, { signal }) => {
      reader = signal;
      return new Promise(() => {});
    },
  });
  expect((await s.list("tools", ann)).absent).toEqual([{ adapter: "a", reason: "It has not answered within 5 ms." }]);
  expect(reader?.aborted).toBe(true);
});

test("a change that the server tells is seen at the next list, by those whom it concerns", async () => {
  const s = stand();
  let tools = ["old"];
  s.adapter("a", {
    answer: () => ({ tools: tools.map((name) => toolNamed(name)), ttlMs: 60_000, cacheScope: "private" }),
  });
  await s.list("tools", ann);
  await s.list("tools", bob);
  tools = ["new"];
  s.says("a", ann, "prompts");
  s.says("gone", ann, "tools");
  expect(await s.names(ann)).toEqual(["a_old"]);
  s.says("a", ann, "tools");
  expect(await s.names(ann)).toEqual(["a_new"]);
  expect(await s.names(bob)).toEqual(["a_old"]);
  tools = ["newest"];
  s.says("a", ann, "tools");
  expect(await s.find("tools", "a_new", ann)).toBeUndefined();
});

test("a change while a list is being read is not lost", async () => {
  const s = stand();
  const releases: ((tools: string) => void)[] = [];
  s.adapter("a", {
    answer: async () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      releases.push(resolve);
      return { tools: [toolNamed(await promise)], ttlMs: 60_000, cacheScope: "private" };
    },
  });
  const before = s.names(ann);
  await Bun.sleep(0);
  s.says("a", ann, "tools");
  const after = s.names(ann);
  await Bun.sleep(0);
  releases[1]?.("new");
  expect(await after).toEqual(["a_new"]);
  releases[0]?.("old");
  expect(await before).toEqual(["a_old"]);
  expect(await s.names(ann)).toEqual(["a_new"]);
});

test("a change of the record makes every list of the adapter another", async () => {
  const s = stand();
  s.adapter("a", withTools(["t"]));
  await s.list("tools", ann);
  s.put("adapter", "a", { allowedTools: { team: [] } });
  await s.list("tools", ann);
  expect(s.asked).toHaveLength(2);
});

test("the catalogue stops listening when it is disposed", () => {
  const s = stand();
  expect(s.listeners.size).toBe(1);
  s[Symbol.dispose]();
  expect(s.listeners.size).toBe(0);
});
