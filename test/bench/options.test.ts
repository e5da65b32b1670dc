import { expect, test } from "bun:test";
import { readOptions } from "./options.ts";

test("options that cannot be are refused with their name", () => {
  expect(() => readOptions(["--targets", "nginx,apache"])).toThrow('not "apache"');
  expect(() => readOptions(["--rounds", "1.5"])).toThrow("--rounds is a whole number above 0 and up to 100");
  expect(() => readOptions(["--streams", "0"])).toThrow("--streams is a whole number above 0 and up to 25000");
  expect(() => readOptions(["--only", "memory"])).toThrow("--only knows requests, streams,");
  expect(() => readOptions(["--connections", "64,"])).toThrow("--connections is a whole number above 0 and up to 4096");
});

test("what is counted can be a list, and what is to be measured, too", () => {
  expect(readOptions(["--seconds", "0.5", "--only", "churn,streams", "--streams", "1000,5000"])).toMatchObject({
    seconds: 0.5,
    parts: ["churn", "streams"],
    streams: [1000, 5000],
    connections: [64],
  });
});

test("a full run has all targets and parts, except for what is said otherwise", () => {
  expect(readOptions(["--full", "--streams", "10"])).toMatchObject({
    targets: ["direct", "nginx", "haproxy", "fetch", "quiet", "gateway", "guarded"],
    parts: ["requests", "streams", "large", "abort", "churn", "recovery", "adapters"],
    connections: [1, 64, 256, 512],
    streams: [10],
  });
});
