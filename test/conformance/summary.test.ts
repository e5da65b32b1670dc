import { expect, test } from "bun:test";
import { parseSummary } from "./summary.ts";

const output = (total: string) => `✓ ping: 9 passed, 0 failed
Total: 9 passed, 0 failed

=== SUMMARY ===
✓ ping: 1 passed, 0 failed
✗ tools-list: 2 passed, 1 failed
${total}
`;

test("the summary is read scenario by scenario, and nothing above it", () => {
  expect(parseSummary(output("\nTotal: 3 passed, 1 failed"))).toEqual({
    passed: 3,
    failed: 1,
    scenarios: { ping: { passed: 1, failed: 0 }, "tools-list": { passed: 2, failed: 1 } },
  });
});

test("an output without a summary is an error, not a count of zero", () => {
  expect(() => parseSummary("Error: no such suite\n")).toThrow("The suite ended without a summary");
  expect(() => parseSummary(output(""))).toThrow("The suite ended without a summary");
});

test("scenarios that do not add up to the total are an error", () => {
  expect(() => parseSummary(output("Total: 4 passed, 1 failed"))).toThrow("The scenarios add up to 3/1");
});
