import { expect, test } from "bun:test";
import { sequence } from "./sequence.ts";

test.each<[last: number | undefined, numbers: number[], wrong: (string | undefined)[]]>([
  [0, [1, 2, 3], [undefined, undefined, undefined]],
  [undefined, [7, 8], [undefined, undefined]],
  [0, [2, 3], ["1 missing before 2", undefined]],
  [0, [1, 5, 6], [undefined, "3 missing before 5", undefined]],
  [0, [1, 2, 2, 3], [undefined, undefined, "2 came again, 3 was next", undefined]],
  [0, [1, 3, 2, 4], [undefined, "1 missing before 3", "2 came again, 4 was next", undefined]],
])("after %p the numbers %p are looked at", (last, numbers, wrong) => {
  expect(numbers.map(sequence(last))).toEqual(wrong);
});
