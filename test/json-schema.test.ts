import { expect, test } from "bun:test";
import { jsonSchemas } from "../gateway/json-schema.ts";

const schemas = jsonSchemas();
const object = (rest: object) => ({ type: "object", ...rest });
const draft7 = "http://json-schema.org/draft-07/schema#";

const forecast = object({
  properties: {
    city: { type: "string", minLength: 2, pattern: "^[A-Z]" },
    days: { type: "integer", maximum: 5 },
    units: { enum: ["metric", "imperial"] },
    tags: { type: "array", items: { type: "string" }, uniqueItems: true },
  },
  required: ["city"],
  additionalProperties: false,
});

test("what is wrong with a value is said so that a model can put it right", () => {
  const check = schemas.validator(forecast);
  const cases: [unknown, string | undefined][] = [
    [{ city: "Bern", days: 3, units: "metric", tags: ["a", "b"] }, undefined],
    [{}, "arguments.city is missing"],
    [{ city: "Bern", days: 6 }, "arguments.days must be <= 5"],
    [{ city: "Bern", days: "3" }, "arguments.days must be integer"],
    [{ city: "bern" }, 'arguments.city must match the pattern "^[A-Z]"'],
    [{ city: "B" }, "arguments.city must NOT have fewer than 2 characters"],
    [{ city: "Bern", units: "kelvin" }, 'arguments.units must be one of "metric", "imperial"'],
    [{ city: "Bern", tags: ["a", 1] }, "arguments.tags[1] must be string"],
    [{ city: "Bern", tags: ["a", "a"] }, "arguments.tags must not have two equal items"],
    [{ city: "Bern", mood: 1 }, "arguments.mood is not allowed"],
    [{ days: 9, mood: 1 }, "arguments.city is missing; arguments.mood is not allowed; arguments.days must be <= 5"],
    ["Bern", "arguments must be object"],
    [null, "arguments must be object"],
  ];
  for (const [value, words] of cases) expect(check(value)).toBe(words as string);
  expect(schemas.validator(forecast, "structuredContent")({})).toBe("structuredContent.city is missing");
});

test("the words name five faults at most, on one line, with names cut", () => {
  const strings = schemas.validator(object({ additionalProperties: { type: "string" } }));
  const seven = Object.fromEntries([..."abcdefg"].map((name) => [name, 1]));
  expect(strings(seven)).toBe(
    "arguments.a must be string; arguments.b must be string; arguments.c must be string; arguments.d must be string; arguments.e must be string; and more",
  );
  const check = schemas.validator(object({ additionalProperties: false }));
  expect(check({ 'a\n"b\u202e': 1 })).toBe('arguments["a\\n\\"b "] is not allowed');
  expect(check({ ["x".repeat(10_000)]: 1 })).toBe(`arguments["${"x".repeat(60)}…"] is not allowed`);
  const deep = schemas.validator(object({ properties: { a: { $ref: "#" } }, additionalProperties: false }));
  let value: object = { b: 1 };
  for (let level = 0; level < 30; level++) value = { a: value };
  expect(deep(value)).toBe(`arguments${".a".repeat(16)}….b is not allowed`);
});

test("what is wrong with a schema is said in a sentence", () => {
  let nested: object = {};
  for (let level = 0; level < 40; level++) nested = { properties: { a: nested } };
  const cases: [object, string | undefined][] = [
    [forecast, undefined],
    [object({ $schema: "https://json-schema.org/draft/2020-12/schema" }), undefined],
    [object({ $schema: draft7, definitions: { a: {} }, properties: { a: { $ref: "#/definitions/a" } } }), undefined],
    [object({ properties: { a: { format: "no-such-format", "x-own": 1 } } }), undefined],
    [
      object({ $schema: "https://json-schema.org/draft/2019-09/schema" }),
      `The schema's $schema is "https://json-schema.org/draft/2019-09/schema"; 2020-12 and draft-07 are supported.`,
    ],
    [object({ required: "city" }), "schema.required must be array."],
    [object({ properties: { a: { minLength: -1 } } }), "schema.properties.a.minLength must be >= 0."],
    [object({ $ref: "https://example.com/s" }), 'The schema refers to "https://example.com/s" outside itself.'],
    [object({ $ref: "#/$defs/none" }), 'The schema refers to "#/$defs/none" outside itself.'],
    [object({ properties: { a: { $ref: "constructor" } } }), 'The schema refers to "constructor" outside itself.'],
    [nested, "The schema is nested more than 64 deep."],
    [object({ enum: Array.from({ length: 5000 }, (_, i) => i) }), "The schema has more than 4000 values."],
    [object({ title: "x".repeat(300_000) }), "The schema is longer than 262144 characters."],
    [object({ $async: true }), "The schema has $async, which is not supported."],
  ];
  for (const [schema, problem] of cases) expect(schemas.problemIn(schema)).toBe(problem as string);
});

test("a schema that cannot be used has no valid values, and throws nothing", () => {
  expect(schemas.validator(object({ $ref: "https://example.com/s" }))({})).toBe(
    'arguments cannot be checked, because the schema cannot be used: The schema refers to "https://example.com/s" outside itself.',
  );
});

test("one schema does not see another's names", () => {
  const named = object({ $id: "https://example.com/named", $defs: { part: { $id: "part", type: "string" } } });
  expect(schemas.problemIn(named)).toBeUndefined();
  expect(schemas.problemIn(structuredClone(named))).toBeUndefined();
  for (const $ref of ["https://example.com/named", "https://example.com/part"]) {
    expect(schemas.problemIn(object({ properties: { a: { $ref } } }))).toBe(
      `The schema refers to "${$ref}" outside itself.`,
    );
  }
});

test("draft-07 and 2020-12 read the same keyword each in its own way", () => {
  const tuple = object({ properties: { a: { items: [{ type: "string" }] } } });
  expect(schemas.problemIn(tuple)).toContain("schema.properties.a.items must be");
  expect(schemas.validator({ ...tuple, $schema: draft7 })({ a: [1] })).toBe("arguments.a[0] must be string");
  const prefix = object({ properties: { a: { prefixItems: [{ type: "string" }] } } });
  expect(schemas.validator(prefix)({ a: [1] })).toBe("arguments.a[0] must be string");
  expect(schemas.validator({ ...prefix, $schema: draft7 })({ a: [1] })).toBeUndefined();
});

test("a pattern that RE2 cannot do is named, and each pattern is its own", () => {
  for (const pattern of ["(?=a)b", "(a)\\1", "a{2000}", "(a{100}){100}", "x".repeat(5000)]) {
    const problem = schemas.problemIn(object({ properties: { a: { pattern } } })) ?? "";
    expect(problem).toStartWith(`The pattern "${pattern.slice(0, 4)}`);
    expect(problem.length).toBeLessThan(500);
  }
  const check = schemas.validator(
    object({
      properties: { a: { pattern: "^a$" }, b: { pattern: "^\\u0062$" } },
      patternProperties: { "^n_": { type: "number" } },
    }),
  );
  expect(check({ a: "a", b: "b", n_x: 1 })).toBeUndefined();
  expect(check({ a: "b", n_x: "1" })).toBe('arguments.a must match the pattern "^a$"; arguments.n_x must be number');
});

// By a backtracking engine this takes longer than the universe is old: the test would not end.
test("a pattern that backtracks exponentially elsewhere answers at once", () => {
  const check = schemas.validator(object({ properties: { a: { pattern: "^(a+)+$" }, b: { pattern: "^(x|x|y)*z" } } }));
  expect(check({ a: `${"a".repeat(50_000)}!`, b: "x".repeat(50_000) })).toBe(
    'arguments.a must match the pattern "^(a+)+$"; arguments.b must match the pattern "^(x|x|y)*z"',
  );
});

test("a check that would take too much work is given up", () => {
  const $defs: Record<string, object> = { a40: { type: "string" } };
  for (let level = 0; level < 40; level++) {
    const next = { $ref: `#/$defs/a${level + 1}` };
    $defs[`a${level}`] = { anyOf: [{ allOf: [next, next] }, next] };
  }
  const tooMuch = "arguments cannot be checked: too large or too deeply nested";
  expect(schemas.validator(object({ properties: { a: { $ref: "#/$defs/a0" } }, $defs }))({ a: 1 })).toBe(tooMuch);
  expect(schemas.validator(object({ allOf: [{ $ref: "#" }] }))({})).toBe(tooMuch);
  expect(
    schemas.validator(object({ properties: { a: { pattern: "(x?){500}y$" } } }))({ a: "x".repeat(4_000_000) }),
  ).toBe(tooMuch);
  const names = Array.from({ length: 1000 }, (_, i) => ({ const: `name ${i}` }));
  const ofNames = schemas.validator(object({ properties: { a: { items: { anyOf: names } } } }));
  expect(ofNames({ a: Array.from({ length: 150_000 }, () => "none") })).toBe(tooMuch);
  let deep: object = {};
  for (let level = 0; level < 100_000; level++) deep = { c: deep };
  expect(schemas.validator(object({ properties: { c: { $ref: "#" } } }))(deep)).toBe(tooMuch);
});

test("each check has all the work that one may take", () => {
  const check = schemas.validator(object({ properties: { a: { pattern: "^[a-z]*$" } } }));
  for (let i = 0; i < 600; i++) expect(check({ a: "a".repeat(100_000) })).toBeUndefined();
});

test("of a large value the first fault is named", () => {
  const check = schemas.validator(object({ properties: { a: { items: { type: "string" } } } }));
  expect(check({ a: Array.from({ length: 2000 }, () => 1) })).toBe("arguments.a[0] must be string");
});

test("many items are compared in one pass, and equal ones are found whatever the order of their keys", () => {
  const check = schemas.validator(object({ properties: { a: { uniqueItems: true } } }));
  expect(check({ a: Array.from({ length: 200_000 }, (_, i) => [i]) })).toBeUndefined();
  const equal = "arguments.a must not have two equal items";
  expect(
    check({
      a: [
        { x: 1, y: [2] },
        { y: [2], x: 1 },
      ],
    }),
  ).toBe(equal);
  expect(check({ a: [0, -0] })).toBe(equal);
  expect(check({ a: [1, "1", [1], ["1"], { a: 1 }, null, "null"] })).toBeUndefined();
});

test("names that objects inherit are nothing special", () => {
  const check = schemas.validator(object({ properties: { constructor: { type: "string" } }, required: ["toString"] }));
  expect(check({})).toBe("arguments.toString is missing");
  expect(check(JSON.parse('{"toString":1,"constructor":1}'))).toBe("arguments.constructor must be string");
  const hostile = JSON.parse('{"__proto__":{"polluted":true}}');
  expect(schemas.validator(object({ additionalProperties: false }))(hostile)).toBe(
    "arguments.__proto__ is not allowed",
  );
  expect(schemas.validator(object({}))(hostile)).toBeUndefined();
  expect(schemas.problemIn(JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'))).toBeUndefined();
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});
