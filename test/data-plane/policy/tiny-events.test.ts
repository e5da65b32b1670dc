import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { eventRewriter } from "../../../gateway/data-plane/policy/events.ts";
import { filterToolLists } from "../../../gateway/data-plane/tool-filter.ts";
import { turnsDuring } from "../../support/turns.ts";
import { allowed, answer, listIds, listOf } from "./streams.ts";

const tiny = ["data:\n\n", ":\n\n", "\n", "\r", "\r\n", "data\r\r", "id\n", 'data:{"tools":1}\n\n'];
const of = (event: string, bytes: number) => Buffer.from(event.repeat(Math.floor(bytes / event.length)));
const kibibyte = 1024;

const rule = { maxHeldBytes: 1024 * kibibyte, marks: [Buffer.from('"tools"')], rewrite: () => undefined };

test.each(tiny)("of so many events as %j, those that need no change go on together, and are not copied", (event) => {
  const bytes = of(event, 64 * kibibyte);
  const ready = eventRewriter(rule).push(bytes);
  expect(ready).toHaveLength(1);
  expect(ready[0]?.equals(bytes)).toBe(true);
  expect(ready[0]?.buffer).toBe(bytes.buffer);
});

test("a list among tiny events parts them in two", () => {
  const rewriter = eventRewriter({ ...rule, rewrite: () => "{}" });
  const ready = rewriter.push(Buffer.from(`${":\n\n".repeat(1000)}data: "tools"\n\n${":\n\n".repeat(1000)}`));
  expect(Buffer.concat(ready).toString()).toBe(`${":\n\n".repeat(1000)}data: {}\n\n${":\n\n".repeat(1000)}`);
  expect(ready.length).toBeLessThan(6);
});

test.each(tiny)("others have their turn while half a mebibyte of events as %j passes", async (event) => {
  const bytes = of(event, 512 * kibibyte);
  const sizes: number[] = [];
  const { turns } = await turnsDuring(async () => {
    const response = filterToolLists(answer("text/event-stream", [bytes]), allowed, listIds);
    for await (const piece of response.body ?? []) sizes.push(piece.length);
  });
  expect(sizes.reduce((sum, size) => sum + size)).toBe(bytes.length);
  // An event may have begun before.
  expect(Math.max(...sizes)).toBeLessThanOrEqual(65 * kibibyte);
  expect(turns).toBeGreaterThanOrEqual(7);
});

test("an event that comes byte by byte is held as bytes, not as so many objects", () => {
  const rewriter = eventRewriter(rule);
  const views = () => (heapStats().objectTypeCounts["Uint8Array"] ?? 0) + (heapStats().objectTypeCounts["Buffer"] ?? 0);
  rewriter.push(Buffer.from("data:"));
  Bun.gc(true);
  const before = views();
  for (let sent = 0; sent < 100_000; sent++) rewriter.push(Buffer.of(0x78));
  Bun.gc(true);
  expect(views() - before).toBeLessThan(100);
  expect(Buffer.concat(rewriter.push(Buffer.from("\n\n"))).toString()).toBe(`data:${"x".repeat(100_000)}\n\n`);
});

test("a list that is far longer than what is looked at in one turn is filtered", async () => {
  const names = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? "read" : `drop${i}`));
  const bytes = Buffer.from(`:\n\ndata: ${listOf(1, ...names)}\n\n:\n\n`);
  const response = filterToolLists(answer("text/event-stream", [bytes]), allowed, listIds);
  expect(await response.text()).toBe(`:\n\ndata: ${listOf(1, ...names.filter((name) => name === "read"))}\n\n:\n\n`);
});
