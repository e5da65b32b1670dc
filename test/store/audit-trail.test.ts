import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AuditTrailLimits, auditTrail, auditTrailLimits } from "../../gateway/store/audit-trail.ts";
import type { KeptArguments } from "../../gateway/store/call-entry.ts";
import { openPglite } from "../../gateway/store/pglite.ts";
import type { ToolCall } from "../../gateway/observe/requests/tool-call.ts";
import type { CallEntry, Store } from "../../gateway/store/store.ts";
import type { AuditEntry } from "../../openapi/audit.ts";
import { until } from "../support/until.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

let store: Store;
beforeAll(async () => {
  store = await openPglite({});
});
afterAll(() => store[Symbol.asyncDispose]());

let made = 0;
/** A call by an actor of the test's own. */
function toolCall(actor: string, changes: Partial<ToolCall> = {}): ToolCall {
  return {
    actor,
    kind: "adapter",
    name: "weather",
    uid: "5b0f6c9e-3a51-4c0e-9d6a-0d4f6f3f8b11",
    requestId: `call-${++made}`,
    tool: "forecast",
    arguments: { city: "Lima" },
    sessionId: "g1.sealed",
    outcome: "ok",
    status: 200,
    durationMs: 41.6,
    ...changes,
  };
}

async function entriesOf(actor: string): Promise<AuditEntry[]> {
  const read = await store.audit({ actor, limit: 500 });
  return read.state === "read" ? read.entries : [];
}

/** A trail into a store that can be switched off, with what it told. */
function stand(options: { kept?: KeptArguments; limits?: Partial<AuditTrailLimits>; realPauses?: boolean } = {}) {
  const told = {
    lost: [] as object[],
    failed: [] as object[],
    written: [] as number[],
    pausesMs: [] as number[],
  };
  const switched = { down: false, written: [] as number[] };
  const recordCalls = async (entries: readonly CallEntry[]) => {
    if (switched.down) throw new Error("the store is down");
    await store.recordCalls(entries);
    switched.written.push(entries.length);
  };
  const pause = async (ms: number) => {
    told.pausesMs.push(ms);
    await Bun.sleep(1);
  };
  const trail = auditTrail({
    store: { recordCalls },
    now: () => Date.UTC(2026, 10, 1),
    events: {
      auditWritten: (count) => told.written.push(count),
      auditLost: (what) => told.lost.push(what),
      auditWriteFailed: (what) => told.failed.push(what),
    },
    kept: options.kept,
    limits: { ...auditTrailLimits, gatherMs: 5, ...options.limits },
    ...(options.realPauses ? {} : { pause }),
  });
  return { trail, told, switched };
}

test("a call that was noted is in the store a moment later, its session and arguments by their hashes only", async () => {
  const { trail, told } = stand();
  await using _ = trail;
  trail.note(toolCall("simple"));
  const [entry] = await until("the entry", async () => {
    const entries = await entriesOf("simple");
    return entries.length > 0 && entries;
  });
  expect(entry).toMatchObject({
    at: "2026-11-01T00:00:00.000Z",
    action: "call",
    kind: "adapter",
    name: "weather",
    tool: "forecast",
    outcome: "ok",
    status: 200,
    durationMs: 42,
    revision: null,
    session: "69f0d4d52980b3b2",
    argumentsHash: "c2bca8c5a7a51407e4fc99d1bab8e5e3b7f470eb17307432564561cf64297dc5",
    arguments: null,
  });
  await until("its number", () => told.written.length === 1);
  expect(JSON.stringify(entry)).not.toContain("g1.sealed");
  expect(JSON.stringify(entry)).not.toContain("Lima");
});

test("a call of a tool resource is told apart from one of an adapter's tool", async () => {
  const { trail } = stand();
  trail.note(toolCall("kinds", { kind: "tool", name: "weather-tool" }));
  trail.note(toolCall("kinds"));
  await trail[Symbol.asyncDispose]();
  const entries = await entriesOf("kinds");
  expect(entries.map(({ kind, name }) => `${kind}/${name}`).sort()).toEqual(["adapter/weather", "tool/weather-tool"]);
});

test("arguments themselves are kept where that is switched on, up to a length", async () => {
  const { trail } = stand({ kept: "full" });
  trail.note(toolCall("full", { arguments: { b: [1, null], a: "Lima" } }));
  trail.note(toolCall("full", { arguments: { text: "x".repeat(20_000) } }));
  trail.note(toolCall("full", { arguments: undefined, sessionId: null }));
  await trail[Symbol.asyncDispose]();
  const entries = (await entriesOf("full")).reverse();
  expect(entries.map((entry) => entry.arguments)).toEqual(['{"a":"Lima","b":[1,null]}', null, "{}"]);
  expect(entries[1]?.argumentsHash).toMatch(/^[0-9a-f]{64}$/);
  expect(entries[2]?.argumentsHash).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  expect(entries[2]?.session).toBeNull();
});

test("nothing that a caller can put into a call keeps it, or those of its batch, out of the store", async () => {
  const { trail, told } = stand({ kept: "full" });
  const deep = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`) as unknown;
  trail.note(toolCall("odd", { tool: `a\u0000b\ud800${"c".repeat(1000)}` }));
  trail.note(toolCall("odd", { arguments: { "\u0000": "\u0000", "\ud800": "\udc00" } }));
  trail.note(toolCall("odd", { arguments: deep }));
  trail.note(toolCall("odd", { arguments: JSON.parse('{"__proto__":1}') as unknown, durationMs: -1 }));
  trail.note(toolCall("odd", { actor: "odd\u0000" }));
  await trail[Symbol.asyncDispose]();
  expect(told.failed).toEqual([]);
  const entries = (await entriesOf("odd")).reverse();
  expect(entries).toHaveLength(5);
  expect(entries[0]?.tool).toBe(`ab\ufffd${"c".repeat(252)}`);
  expect(entries[1]?.arguments).toBe('{"\\u0000":"\\u0000","\\ud800":"\\udc00"}');
  expect(entries[2]).toMatchObject({ argumentsHash: null, arguments: null });
  expect(entries[3]).toMatchObject({ arguments: '{"__proto__":1}', durationMs: 0 });
});

test("while the store is down calls are kept, up to the bound; then the oldest go, and their number is told", async () => {
  const { trail, told, switched } = stand({ limits: { maxWaiting: 20, batch: 10 } });
  await using _ = trail;
  switched.down = true;
  trail.note(toolCall("outage", { requestId: "first" }));
  await until("the first attempt", () => told.failed.length > 0);
  // The first is on its way already; of the others the bound holds 20.
  for (let count = 0; count < 25; count++) trail.note(toolCall("outage", { requestId: `waiting-${count}` }));
  await until("more attempts", () => told.failed.length > 5);
  expect(await entriesOf("outage")).toEqual([]);
  expect(told.lost).toEqual([]);
  expect(trail.waiting()).toBe(21);

  switched.down = false;
  await until("all that is left", () => trail.waiting() === 0);
  expect(told.written).toEqual([1, 10, 10]);
  const written = (await entriesOf("outage")).map(({ requestId }) => requestId).reverse();
  expect(written).toEqual(["first", ...Array.from({ length: 20 }, (_, count) => `waiting-${count + 5}`)]);
  expect(switched.written).toEqual([1, 10, 10]);
  expect(told.lost).toEqual([{ count: 5, why: "too many waited for the store" }]);
});

test("a database that is closed under it and opened again has what was noted meanwhile", async () => {
  await using directory = await temporaryDirectory();
  let database = await openPglite({ directory: directory.path });
  const failed: unknown[] = [];
  const trail = auditTrail({
    store: { recordCalls: (entries) => database.recordCalls(entries) },
    now: Date.now,
    events: {
      auditWritten: () => undefined,
      auditWriteFailed: (_, error) => failed.push(error),
      auditLost: (what) => failed.push(what),
    },
    limits: { ...auditTrailLimits, gatherMs: 5 },
  });
  await database[Symbol.asyncDispose]();
  for (let count = 0; count < 250; count++) trail.note(toolCall("reopened"));
  await until("a failed attempt", () => failed.length > 0);
  database = await openPglite({ directory: directory.path });
  await trail[Symbol.asyncDispose]();
  const read = await database.audit({ actor: "reopened", limit: 500 });
  expect(read.state === "read" && read.entries.length).toBe(250);
  await database[Symbol.asyncDispose]();
});

test("pauses between attempts double up to 30 s, and begin anew after a success", async () => {
  const { trail, told, switched } = stand();
  await using _ = trail;
  switched.down = true;
  trail.note(toolCall("pauses"));
  await until("12 attempts", () => told.pausesMs.length >= 12);
  expect(told.pausesMs.slice(0, 11)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  expect(told.failed[1]).toEqual({ attempt: 2, waiting: 1, retryInMs: 200 });
  switched.down = false;
  await until("the entry", async () => (await entriesOf("pauses")).length === 1);
  switched.down = true;
  told.pausesMs.length = 0;
  trail.note(toolCall("pauses"));
  await until("a pause", () => told.pausesMs.length > 0);
  expect(told.pausesMs[0]).toBe(100);
  switched.down = false;
});

test("so many calls as make a batch are written at once, fewer after a while", async () => {
  const { trail, switched } = stand({ limits: { batch: 50, gatherMs: 60_000 } });
  for (let count = 0; count < 49; count++) trail.note(toolCall("batches"));
  await Bun.sleep(0);
  expect(switched.written).toEqual([]);
  for (let count = 0; count < 71; count++) trail.note(toolCall("batches"));
  await until("the batches", () => switched.written.length === 3);
  expect(switched.written).toEqual([50, 50, 20]);
  await trail[Symbol.asyncDispose]();
});

test("between two batches the traffic has its turn", async () => {
  const { trail, switched } = stand({ limits: { batch: 10 } });
  await using _ = trail;
  const turns = new Set<number>();
  const traffic = setInterval(() => turns.add(switched.written.length), 0);
  for (let count = 0; count < 50; count++) trail.note(toolCall("turns"));
  await until("the batches", () => switched.written.length === 5);
  clearInterval(traffic);
  expect(turns.has(2) || turns.has(3)).toBe(true);
});

test("disposal writes what is left, in the middle of a pause too", async () => {
  const quiet = stand({ limits: { gatherMs: 60_000 } });
  quiet.trail.note(toolCall("disposed"));
  await quiet.trail[Symbol.asyncDispose]();
  expect(await entriesOf("disposed")).toHaveLength(1);

  const failing = stand({ realPauses: true, limits: { batch: 2 } });
  failing.switched.down = true;
  for (let count = 0; count < 7; count++) failing.trail.note(toolCall("disposed"));
  await until("two failures", () => failing.told.failed.length === 2);
  failing.switched.down = false;
  await failing.trail[Symbol.asyncDispose]();
  expect(await entriesOf("disposed")).toHaveLength(8);
  expect([quiet.told.lost, failing.told.lost]).toEqual([[], []]);
});

test("what disposal cannot write is told, whether the store fails or gives no answer, and it ends", async () => {
  const failing = stand({ limits: { batch: 2, closingMs: 60_000 } });
  failing.switched.down = true;
  for (let count = 0; count < 7; count++) failing.trail.note(toolCall("given up"));
  await failing.trail[Symbol.asyncDispose]();
  expect(failing.told.failed).toHaveLength(2);
  expect(failing.told.lost).toEqual([{ count: 7, why: "the gateway stopped" }]);

  const lost: object[] = [];
  const hanging = auditTrail({
    store: { recordCalls: () => new Promise<void>(() => undefined) },
    now: Date.now,
    events: {
      auditWritten: () => undefined,
      auditWriteFailed: () => undefined,
      auditLost: (what) => lost.push(what),
    },
    limits: { ...auditTrailLimits, batch: 2, closingMs: 20 },
  });
  for (let count = 0; count < 7; count++) hanging.note(toolCall("given up"));
  await hanging[Symbol.asyncDispose]();
  expect(lost).toEqual([{ count: 7, why: "the gateway stopped" }]);
  hanging.note(toolCall("given up"));
  expect(lost).toHaveLength(2);
});
