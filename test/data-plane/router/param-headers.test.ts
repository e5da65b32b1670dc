import { expect, test } from "bun:test";
import { paramHeaders, withoutParamHeaders } from "../../../gateway/data-plane/router/lists/param-headers.ts";

const at = (header: unknown, type: unknown = "string") => ({ type, "x-mcp-header": header });
const schemaWith = (properties: Record<string, unknown>) => ({ type: "object", properties });

test("annotated arguments are headers, at any depth, and nothing else is", () => {
  const schema = schemaWith({
    region: at("Region"),
    count: at("Count", "integer"),
    dry: at("Dry-Run", "boolean"),
    plain: { type: "string" },
    nested: schemaWith({ id: at("Tenant-Id") }),
    absent: at("Absent"),
    none: at("None"),
  });
  const args = { region: "eu", count: 42, dry: false, plain: "p", nested: { id: "t1" }, none: null, more: 1 };
  expect(paramHeaders(schema, args)).toEqual({
    "Mcp-Param-Region": "eu",
    "Mcp-Param-Count": "42",
    "Mcp-Param-Dry-Run": "false",
    "Mcp-Param-Tenant-Id": "t1",
  });
});

test.each([
  ["plain text", "plain text"],
  ["tab\tinside", "tab\tinside"],
  ["", "=?base64??="],
  [" led", "=?base64?IGxlZA==?="],
  ["trailed ", "=?base64?dHJhaWxlZCA=?="],
  ["Grüße", "=?base64?R3LDvMOfZQ==?="],
  ["a\r\nX-Evil: 1", "=?base64?YQ0KWC1FdmlsOiAx?="],
  ["a\u007f", "=?base64?YX8=?="],
  ["=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="],
  ["=?BASE64?YQ==?=", "=?BASE64?YQ==?="],
])("%p is sent as %p", (value, sent) => {
  expect(paramHeaders(schemaWith({ a: at("A") }), { a: value })).toEqual({ "Mcp-Param-A": sent });
});

test.each([
  ["a name that is no token", schemaWith({ a: at("A B") })],
  ["a name that ends the line", schemaWith({ a: at("A\r\nX-Evil: 1") })],
  ["an empty name", schemaWith({ a: at("") })],
  ["a name that is no text", schemaWith({ a: at(["A"]) })],
  ["a number, whose text is not one", schemaWith({ a: at("A", "number") })],
  ["an object", schemaWith({ a: at("A", "object") })],
  ["several types", schemaWith({ a: at("A", ["string", "null"]) })],
  ["a branch", { type: "object", oneOf: [schemaWith({ a: at("A") })] }],
  ["an item", schemaWith({ a: { type: "array", items: at("A") } })],
  ["the whole", { ...schemaWith({}), ...at("A", "object") }],
  ["no object", 7],
  ["nothing", undefined],
  ["properties that are none", { properties: "a" }],
  ["a property that is none", schemaWith({ a: null })],
])("an annotation that breaks the rules is none: %s", (_what, schema) => {
  expect(paramHeaders(schema, { a: "x" })).toEqual({});
});

test.each([
  ["no arguments", undefined],
  ["null", null],
  ["text", "x"],
  ["a list", ["x"]],
  ["an object", { a: {} }],
  ["an array", { a: [] }],
  ["a fraction", { a: 1.5 }],
  ["an integer that is not exact", { a: 2 ** 53 }],
  ["a value larger than a header may be", { a: "x".repeat(8193) }],
  ["what is inherited", Object.create({ a: "x" })],
])("of %s nothing is sent", (_what, args) => {
  expect(paramHeaders(schemaWith({ a: at("A"), toString: at("T") }), args)).toEqual({});
});

test("of two annotations that differ in case only the first counts, and no more than 64 do", () => {
  expect(paramHeaders(schemaWith({ a: at("Region"), b: at("region") }), { a: "1", b: "2" })).toEqual({
    "Mcp-Param-Region": "1",
  });
  const many = Array.from({ length: 100 }, (_, i) => [`p${i}`, at(`P${i}`)]);
  const args = Object.fromEntries(many.map(([name]) => [name, "x"]));
  expect(Object.keys(paramHeaders(schemaWith(Object.fromEntries(many)), args))).toHaveLength(64);
});

test("a shown schema has no annotations, wherever they stand, and keeps what only looks like one", () => {
  const data = { "x-mcp-header": "kept" };
  const schema = {
    type: "object",
    "x-mcp-header": "gone",
    properties: { a: at("gone"), "x-mcp-header": { type: "string" }, b: { const: data, default: data, enum: [data] } },
    oneOf: [schemaWith({ c: at("gone") }), true],
    $defs: { "x-mcp-header": at("gone") },
    items: { ...at("gone"), type: "array" },
  };
  expect(withoutParamHeaders(schema)).toEqual({
    type: "object",
    properties: {
      a: { type: "string" },
      "x-mcp-header": { type: "string" },
      b: { const: data, default: data, enum: [data] },
    },
    oneOf: [schemaWith({ c: { type: "string" } }), true],
    $defs: { "x-mcp-header": { type: "string" } },
    items: { type: "array" },
  });
  const clean = schemaWith({ a: { type: "string" }, "x-mcp-header": { type: "string" } });
  expect(withoutParamHeaders(clean)).toBe(clean);
});
