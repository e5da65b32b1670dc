import { expect, test } from "bun:test";
import { signalsBy } from "../gateway/signals.ts";

/** What each signal asks for, given when it comes. */
function wishes(...signals: (readonly [atMs: number, signal: "SIGTERM" | "SIGINT"])[]) {
  let nowMs = 0;
  const wishOf = signalsBy(() => nowMs);
  return signals.map(([atMs, signal]) => {
    nowMs = atMs;
    return wishOf(signal);
  });
}

test("a first signal lets calls finish, a second one does not wait for them, a third one waits for nothing", () => {
  expect(wishes([1000, "SIGTERM"], [1000, "SIGTERM"], [1000, "SIGTERM"], [1000, "SIGTERM"])).toEqual([
    "finish",
    "hurry",
    "exit",
    "exit",
  ]);
  expect(wishes([1000, "SIGINT"], [1001, "SIGTERM"])).toEqual(["finish", "hurry"]);
});

test("Ctrl-C that comes twice at once, as under npm, is one, the second Ctrl-C too", () => {
  expect(wishes([0, "SIGINT"], [499, "SIGINT"], [500, "SIGINT"], [501, "SIGINT"], [1000, "SIGINT"])).toEqual([
    "finish",
    "nothing",
    "hurry",
    "nothing",
    "exit",
  ]);
});
