import { expect, test } from "bun:test";
import { type Operation, patchFrom } from "../../injector/webhook/patch.ts";
import { applied } from "./json-patch.ts";
import { dice } from "./dice.ts";

const [a, b, c, d] = [{ name: "a" }, { name: "b" }, { name: "c" }, { name: "d" }];

const rows: readonly [what: string, before: unknown, after: unknown, patch: Operation[]][] = [
  ["the same", a, a, []],
  ["a member more", {}, { x: 1 }, [{ op: "add", path: "/x", value: 1 }]],
  ["a member less", { x: 1 }, {}, [{ op: "remove", path: "/x" }]],
  ["another member", { x: 1 }, { x: 2 }, [{ op: "add", path: "/x", value: 2 }]],
  ["undefined, which is none", { x: undefined, y: 1 }, { y: undefined }, [{ op: "remove", path: "/y" }]],
  ["something for null", { x: null }, { x: [a] }, [{ op: "add", path: "/x", value: [a] }]],
  ["a slash and a tilde", { "a/b~c": {} }, { "a/b~c": { "~1": 1 } }, [{ op: "add", path: "/a~1b~0c/~01", value: 1 }]],
  ["an item at the end", [a], [a, b], [{ op: "add", path: "/-", value: b }]],
  ["an item in an empty list", [], [a], [{ op: "add", path: "/-", value: a }]],
  ["an item before others", [b], [a, b], [{ op: "add", path: "/0", value: a }]],
  [
    "items taken out",
    [a, b, c, d],
    [b, d],
    [
      { op: "remove", path: "/2" },
      { op: "remove", path: "/0" },
    ],
  ],
  [
    "one out, one in",
    [a, b],
    [b, c],
    [
      { op: "remove", path: "/0" },
      { op: "add", path: "/-", value: c },
    ],
  ],
  ["another order", { x: [a, b] }, { x: [b, a] }, [{ op: "add", path: "/x", value: [b, a] }]],
  ["fewer of the same", [1, 1], [1], [{ op: "add", path: "", value: [1] }]],
];

test.each(rows)("%s", (_what, before, after, patch) => {
  expect(patchFrom(before, after)).toEqual(patch);
  expect(applied(before, patch)).toEqual(after);
});

test("whatever two documents are, the patch makes one of the other", () => {
  const { value, part } = dice(20_261_129);
  for (let round = 0; round < 3000; round++) {
    const before = value(4);
    const after = part(before, 4);
    expect(applied(before, patchFrom(before, after))).toEqual(after);
  }
});
