import { expect, test } from "bun:test";
import { restartDelayMs } from "../../gateway/runtime/restart.ts";

test.each([
  [0, 500],
  [1, 500],
  [2, 1000],
  [3, 2000],
  [6, 16_000],
  [7, 30_000],
  [5000, 30_000],
])("after %p failures in a row a process is started again after %p ms", (failures, delayMs) =>
  expect(restartDelayMs(failures, { restartFirstMs: 500, restartCapMs: 30_000 })).toBe(delayMs),
);
