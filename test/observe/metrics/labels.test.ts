import { expect, test } from "bun:test";
import { firstValues, rpcErrorLabel, statusLabel } from "../../../gateway/observe/metrics/label-values.ts";
import { methodLabel } from "../../../gateway/observe/requests/mcp-methods.ts";

test("a label keeps the first values, each for good, and no long one", () => {
  const label = firstValues(2);
  expect(["add", "x".repeat(129), "echo", "late", "add", "echo"].map(label)).toEqual([
    "add",
    "other",
    "echo",
    "other",
    "add",
    "echo",
  ]);
});

test("a method is one of MCP's or another one", () => {
  expect(["tools/call", "subscriptions/listen", "response", "GET", "tools/Call", ""].map(methodLabel)).toEqual([
    "tools/call",
    "subscriptions/listen",
    "response",
    "GET",
    "other",
    "other",
  ]);
});

test("a status is one of the usual ones or its class", () => {
  expect([200, 404, 502, 499, 418, 599, 301].map(statusLabel)).toEqual([
    "200",
    "404",
    "502",
    "499",
    "4xx",
    "5xx",
    "3xx",
  ]);
});

test("an error's code is one that has a meaning or another one", () => {
  expect([undefined, -32601, -32022, -32000, 0, 7].map(rpcErrorLabel)).toEqual([
    "none",
    "-32601",
    "-32022",
    "other",
    "other",
    "other",
  ]);
});
