import { expect, test } from "bun:test";
import { canonicalJson } from "../../gateway/store/canonical-json.ts";

test("equal values have one spelling, whatever the order of their members", () => {
  const spelled = '{"":0,"a":[{"x":1,"y":[]},null,true],"b":"ü\\n\\""}';
  for (const text of [spelled, ' {"b":"\\u00fc\\n\\u0022", "a":[{"y":[],"x":1.0},null,true], "":-0}']) {
    expect(canonicalJson(JSON.parse(text))).toBe(spelled);
  }
});

test("members are in the order of their UTF-16 code units, and numbers as in RFC 8785", () => {
  const value = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "10": 6, "2": 7 };
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"10":6,"2":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
  const numbers: unknown = JSON.parse("[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]");
  expect(canonicalJson(numbers)).toBe("[333333333.3333333,1e+30,4.5,0.002,1e-27]");
});

test("plain values are spelled as they are, and what nests too deep is not", () => {
  expect([null, false, 1.5, "x"].map(canonicalJson)).toEqual(["null", "false", "1.5", '"x"']);
  const nested = (depth: number) => JSON.parse(`${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`) as unknown;
  expect(canonicalJson(nested(100))).toHaveLength(801);
  expect(canonicalJson(nested(101))).toBeUndefined();
});
