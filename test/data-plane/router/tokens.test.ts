import { expect, test } from "bun:test";
import { estimatedTokens } from "../../../gateway/data-plane/router/lists/tokens.ts";

test.each([
  ["an empty list: 2 bytes", [], 1],
  ["eight bytes", ["abcd"], 2],
  ["nine bytes", ["abcde"], 3],
  ["a letter of two bytes, and one of four", ["é", "𝕏"], 4],
])("four bytes of JSON are a token, begun ones too: %s", (_what, list, tokens) => {
  expect(estimatedTokens(list)).toBe(tokens);
});
