import { expect, test } from "bun:test";
import { protocolError } from "../../../gateway/data-plane/router/peer-error.ts";

test.each([
  [-32700, -32700, -32700],
  [-32600, -32600, -32600],
  [-32601, -32601, -32601],
  [-32602, -32602, -32602],
  [-32603, -32603, -32603],
  [-32000, -32000, -32603],
  [-32002, -32002, -32602],
  [-32019, -32019, -32603],
  [-32020, -32603, -32020],
  [-32042, -32603, -32042],
  [-32099, -32603, -32099],
  [-1, -1, -1],
  [42, 42, 42],
])("a server's %i is %i to a legacy client and %i to a modern one", (code, legacy, modern) => {
  const error = { code, message: "no", data: { why: 1 } };
  expect(protocolError(error, "legacy")).toMatchObject({ code: legacy, message: "no", data: { why: 1 } });
  expect(protocolError(error, "modern")).toMatchObject({ code: modern });
});
