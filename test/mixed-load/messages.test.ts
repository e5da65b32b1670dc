import { expect, test } from "bun:test";
import { failedStatusIn } from "./messages.ts";

const brokeOff = "Error: modern_add: The MCP server failed (HTTP 502): The MCP server broke off before it answered";

test.each([
  ["an adapter that broke off", { content: [{ text: brokeOff }], isError: true }, 502],
  ["the same words of a tool that went well", { content: [{ text: brokeOff }] }, undefined],
  ["a tool's own error", { content: [{ text: "Error: no such city" }], isError: true }, undefined],
  ["a result without a text", { isError: true }, undefined],
])("the router's result tells of %s", (_what, result, status) =>
  expect(failedStatusIn({ id: 1, result })).toBe(status),
);

test("no message tells nothing", () => expect(failedStatusIn(undefined)).toBeUndefined());
