import { expect, test } from "bun:test";
import { readOptions } from "./options.ts";

test("without arguments the load is the one that a release is judged by", () => {
  expect(readOptions([])).toEqual({
    ...{ minutes: 20, rate: 200, streams: 300, sessions: 120, replicas: 3, chaosSeconds: 10, seed: 1, guard: false },
  });
});

test("arguments change it, minutes in fractions too", () => {
  const args = ["--minutes", "0.5", "--rate", "50", "--streams", "20", "--sessions", "10", "--replicas", "2"];
  expect(readOptions([...args, "--chaos-seconds", "1.5", "--seed", "7", "--guard"])).toEqual({
    ...{ minutes: 0.5, rate: 50, streams: 20, sessions: 10, replicas: 2, chaosSeconds: 1.5, seed: 7, guard: true },
  });
  expect(readOptions(["--help"])).toBe("help");
});

test.each([
  [["--minutes", "0"], "--minutes is a number from 0.01 to 10000"],
  [["--minutes", "soon"], "--minutes is a number from 0.01 to 10000"],
  [["--rate", ""], "--rate is a number from 1 to 2000"],
  [["--replicas", "1"], "--replicas is a whole number from 2 to 8"],
  [["--streams", "10.5"], "--streams is a whole number from 4 to 2000"],
  [["--seed", "-1"], "argument is ambiguous"],
  [["--calm"], "Unknown option '--calm'"],
])("%p is refused", (args, said) => {
  expect(() => readOptions(args)).toThrow(said);
});
