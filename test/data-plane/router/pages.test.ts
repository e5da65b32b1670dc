import { expect, test } from "bun:test";
import type { Listed } from "../../../gateway/data-plane/router/listing.ts";
import { pageOf } from "../../../gateway/data-plane/router/pages.ts";

const listing = (...names: string[]) => names.map((name) => ({ name, definition: { name } }) as unknown as Listed);
const abcde = listing("a", "b", "c", "d", "e");

function walk(entries: readonly Listed[], sorted: boolean, size: number): string[][] {
  const pages: string[][] = [];
  for (let cursor: string | undefined; ;) {
    const page = pageOf(entries, cursor, { sorted, size });
    if (page.state !== "page") throw new Error(page.state);
    pages.push(page.entries.map(({ name }) => name));
    if (page.nextCursor === undefined) return pages;
    cursor = page.nextCursor;
  }
}

test("pages together are the list, each entry once", () => {
  for (const sorted of [true, false]) {
    expect(walk(abcde, sorted, 2)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(walk(abcde, sorted, 5)).toEqual([["a", "b", "c", "d", "e"]]);
    expect(walk([], sorted, 5)).toEqual([[]]);
  }
  expect(walk(listing("z", "a", "ü"), false, 1)).toEqual([["z"], ["a"], ["ü"]]);
});

test("a cursor goes on where it was although entries have come and gone", () => {
  const first = pageOf(abcde, undefined, { sorted: true, size: 2 });
  const cursor = first.state === "page" ? first.nextCursor : undefined;
  expect(pageOf(listing("a", "aa", "c", "d"), cursor, { sorted: true, size: 2 })).toMatchObject({
    entries: [{ name: "c" }, { name: "d" }],
  });
  expect(pageOf(listing("z"), cursor, { sorted: false, size: 2 })).toMatchObject({ state: "page", entries: [] });
});

test.each(["", "b", "YWZ0ZXI6Yg==", "null", "%%%", "YWZ0ZXI"])("%p is no cursor", (cursor) => {
  expect(pageOf(abcde, cursor, { sorted: true })).toEqual({ state: "unknown-cursor" });
});
