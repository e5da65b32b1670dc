import { expect, test } from "bun:test";
import { sparing } from "../../../gateway/observe/logs/sparing.ts";

test("a thing is said once in a while, with how often it happened since", () => {
  let nowMs = 0;
  const said: string[] = [];
  const say = sparing({ everyMs: 1000, now: () => nowMs });
  const happens = (what: string) => say(what, (times) => void said.push(`${nowMs}: ${what} ${times}`));
  for (const what of ["a", "a", "b", "a"]) happens(what);
  nowMs = 999;
  happens("a");
  nowMs = 1000;
  for (const what of ["a", "a", "b"]) happens(what);
  nowMs = 2500;
  happens("a");
  expect(said).toEqual(["0: a 1", "0: b 1", "1000: a 4", "1000: b 1", "2500: a 2"]);
});
