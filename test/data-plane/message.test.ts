import { expect, test } from "bun:test";
import { classify, eraOf } from "../../gateway/data-plane/message.ts";

const claim = (revision: unknown) => ({
  method: "tools/call",
  params: { _meta: { "io.modelcontextprotocol/protocolVersion": revision } },
});

test.each([
  ["a request of a legacy revision", { method: "tools/list" }, "2025-11-25", { method: "tools/list", era: "legacy" }],
  ["no revision at all", { method: "initialize" }, null, { method: "initialize", era: "legacy" }],
  ["a modern header", { method: "tools/list" }, "2026-07-28", { method: "tools/list", era: "modern" }],
  ["a later header", { method: "tools/list" }, "2027-01-01", { method: "tools/list", era: "modern" }],
  ["a modern claim without a header", claim("2026-07-28"), null, { method: "tools/call", era: "modern" }],
  ["a legacy claim", claim("2025-06-18"), null, { method: "tools/call", era: "legacy" }],
  ["a claim that is no date", claim("zzz"), null, { method: "tools/call", era: "legacy" }],
  ["a claim of the wrong type", claim(20270101), null, { method: "tools/call", era: "legacy" }],
  ["a long name", { method: "x".repeat(1000) }, null, { method: "x".repeat(128), era: "legacy" }],
  ["a response", { id: 1, result: {} }, "2025-11-25", { method: "response", era: "legacy" }],
  ["a batch", [{ method: "ping" }], "2025-03-26", { method: "batch", era: "legacy" }],
  ["not even an object", 5, null, { method: "response", era: "legacy" }],
] as const)("%s", (_name, body, header, expected) => {
  expect(classify(body, header)).toEqual(expected as never);
});

test("the era of a request without a body is its header's", () => {
  expect(eraOf("2026-07-28")).toBe("modern");
  expect(eraOf("2025-11-25")).toBe("legacy");
  expect(eraOf(null)).toBe("legacy");
});
