import { expect, test } from "bun:test";
import { policyBook } from "./policy-book.ts";

test("while a policy changes a tool may be used or not, and before and after it is known which", () => {
  let nowMs = 0;
  const book = policyBook(["kept"], () => nowMs);
  expect(book.allows("added", 10, 20)).toBe("no");
  nowMs = 100;
  const done = book.change(["kept", "added"]);
  expect(book.allows("added", 10, 99)).toBe("no");
  expect(book.allows("added", 90, 110)).toBe("either");
  expect(book.allows("added", 5000, 5010)).toBe("either");
  nowMs = 120;
  done();
  expect(book.allows("added", 10, 99)).toBe("no");
  expect(book.allows("added", 300, 310)).toBe("either");
  expect(book.allows("added", 621, 630)).toBe("yes");
  expect(book.allows("kept", 90, 630)).toBe("yes");
  nowMs = 1000;
  book.change(["kept"])();
  expect(book.allows("added", 900, 999)).toBe("yes");
  expect(book.allows("added", 1501, 1600)).toBe("no");
});
