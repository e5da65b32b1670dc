import { expect, test } from "bun:test";
import { listIdsIn, refusal, refusedCall } from "../../../gateway/data-plane/tool-policy.ts";

const access = new Set(["read", "list"]);
const call = (name: unknown, id: unknown = 1) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
const modern = (name: string) => ({
  ...call(name),
  params: { name, _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } },
});

test.each<[string, unknown]>([
  ["an allowed tool", call("read")],
  ["an allowed tool in a modern request", modern("read")],
  ["another method", { jsonrpc: "2.0", id: 1, method: "tools/list" }],
  ["another method whose params have a forbidden name", { id: 1, method: "prompts/get", params: { name: "drop" } }],
  [
    "a tool's name in the arguments",
    { id: 1, method: "tools/call", params: { name: "read", arguments: { Name: "x" } } },
  ],
  ["a batch of allowed calls", [call("read"), call("list", 2), { method: "notifications/initialized" }]],
  ["an answer to the server", { jsonrpc: "2.0", id: 1, result: { name: "drop" } }],
  ["an empty batch", []],
  ["null", null],
  ["a text", "tools/call"],
])("goes on: %s", (_what, body) => {
  expect(refusedCall(body, access)).toBeUndefined();
});

test.each<[string, string, { tool: string; id: string | number | null }]>([
  ["a forbidden tool", '{"id":7,"method":"tools/call","params":{"name":"drop"}}', { tool: "drop", id: 7 }],
  ["a text as id", '{"id":"a","method":"tools/call","params":{"name":"drop"}}', { tool: "drop", id: "a" }],
  ["a notification", '{"method":"tools/call","params":{"name":"drop"}}', { tool: "drop", id: null }],
  ["an id that is an object", '{"id":{},"method":"tools/call","params":{"name":"drop"}}', { tool: "drop", id: null }],
  ["another case", '{"id":1,"method":"tools/call","params":{"name":"Read"}}', { tool: "Read", id: 1 }],
  ["a space behind", '{"id":1,"method":"tools/call","params":{"name":"read "}}', { tool: "read ", id: 1 }],
  ["a NUL behind", '{"id":1,"method":"tools/call","params":{"name":"read\\u0000"}}', { tool: "read\0", id: 1 }],
  ["a star", '{"id":1,"method":"tools/call","params":{"name":"*"}}', { tool: "*", id: 1 }],
  ["a number as name", '{"id":1,"method":"tools/call","params":{"name":1}}', { tool: "", id: 1 }],
  ["a list as name", '{"id":1,"method":"tools/call","params":{"name":["read"]}}', { tool: "", id: 1 }],
  ["no name", '{"id":1,"method":"tools/call","params":{}}', { tool: "", id: 1 }],
  ["no params", '{"id":1,"method":"tools/call"}', { tool: "", id: 1 }],
  ["params in a list", '{"id":1,"method":"tools/call","params":["read"]}', { tool: "", id: 1 }],
  [
    "a name from the prototype",
    '{"id":1,"method":"tools/call","params":{"__proto__":{"name":"read"}}}',
    { tool: "", id: 1 },
  ],
  ["escapes", '{"id":1,"method":"tools\\u002fcall","params":{"name":"\\u0064rop"}}', { tool: "drop", id: 1 }],
  [
    "the second method",
    '{"id":1,"method":"ping","method":"tools/call","params":{"name":"drop"}}',
    { tool: "drop", id: 1 },
  ],
  ["the second name", '{"id":1,"method":"tools/call","params":{"name":"read","name":"drop"}}', { tool: "drop", id: 1 }],
  ["a method in capitals", '{"id":1,"method":"TOOLS/CALL","params":{"name":"drop"}}', { tool: "drop", id: 1 }],
  ["a method in a list", '{"id":1,"method":["tools/call"],"params":{"name":"drop"}}', { tool: "drop", id: 1 }],
  [
    "Method beside method",
    '{"id":1,"method":"ping","Method":"tools/call","params":{"name":"drop"}}',
    { tool: "drop", id: 1 },
  ],
  [
    "Name beside name",
    '{"id":1,"method":"tools/call","params":{"name":"read","Name":"drop"}}',
    { tool: "drop", id: 1 },
  ],
  [
    "Name before name",
    '{"id":1,"method":"tools/call","params":{"NAME":"drop","name":"read"}}',
    { tool: "drop", id: 1 },
  ],
  [
    "params with a long s",
    '{"id":1,"method":"tools/call","params":{"name":"read"},"param\u017f":{"name":"drop"}}',
    { tool: "drop", id: 1 },
  ],
  [
    "name with a NUL",
    '{"id":1,"method":"tools/call","params":{"name":"read","name\\u0000":"drop"}}',
    { tool: "drop", id: 1 },
  ],
  ["Params without a name", '{"id":1,"method":"tools/call","params":{"name":"read"},"Params":{}}', { tool: "", id: 1 }],
  [
    "one of a batch",
    '[{"id":1,"method":"tools/call","params":{"name":"read"}},{"id":2,"method":"tools/call","params":{"name":"drop"}}]',
    { tool: "drop", id: 2 },
  ],
  ["a batch in a batch", '[[{"id":2,"method":"tools/call","params":{"name":"drop"}}]]', { tool: "drop", id: 2 }],
])("is refused: %s", (_what, text, expected) => {
  expect(refusedCall(JSON.parse(text), access)).toEqual(expected);
});

test("whoever may use all tools is refused none", () => {
  expect(refusedCall(call("drop"), "all")).toBeUndefined();
});

test("a body of a million nested arrays is looked through, not fallen over", () => {
  const depth = 1_000_000;
  const body: unknown = JSON.parse(`${"[".repeat(depth)}${JSON.stringify(call("drop"))}${"]".repeat(depth)}`);
  expect(refusedCall(body, access)).toEqual({ tool: "drop", id: 1 });
});

test("a very long name is cut, and half of a character is not sent back", () => {
  expect(refusedCall(call(`${"x".repeat(199)}🐎🐎`), access)?.tool).toBe(`${"x".repeat(199)}\ufffd`);
});

test("the answer to a forbidden tool is that of an unknown one, for the id that asked", async () => {
  for (const tool of ["drop", "no-such-tool"]) {
    const response = refusal(call(tool, "a"), access);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toStartWith("application/json");
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      error: { code: -32602, message: `Unknown tool: ${tool}` },
      id: "a",
    });
  }
});

test("every request of a refused batch has its error, answers and notifications have none", async () => {
  const batch = [
    call("read", 1),
    call("drop", 2),
    { id: 3, result: {} },
    { method: "notifications/x" },
    call("gone", 4),
  ];
  const response = refusal(batch, access);
  expect(response.status).toBe(200);
  const notCarriedOut = "Not carried out: another request of this batch is refused";
  expect(await response.json()).toEqual([
    { jsonrpc: "2.0", error: { code: -32600, message: notCarriedOut }, id: 1 },
    { jsonrpc: "2.0", error: { code: -32602, message: "Unknown tool: drop" }, id: 2 },
    { jsonrpc: "2.0", error: { code: -32602, message: "Unknown tool: gone" }, id: 4 },
  ]);
});

test("a call without an id to answer, and a batch too large to answer, get one error with 400", async () => {
  const unasked = { jsonrpc: "2.0", method: "tools/call", params: { name: "drop" } };
  for (const body of [unasked, [unasked], Array.from({ length: 1001 }, (_, id) => call("drop", id))]) {
    const response = refusal(body, access);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      error: { code: -32602, message: "Unknown tool: drop" },
      id: null,
    });
  }
});

test("the ids of list requests are found, however they are spelled", () => {
  const body = [
    { id: 1, method: "tools/list" },
    { id: "b", method: "tools/list", params: { cursor: "2" } },
    { id: 3, method: "ping", Method: "tools/list" },
    { id: 4, ID: 5, method: "tools/list" },
    { id: null, method: "tools/list" },
    { id: 6, method: "tools/call", params: { name: "tools/list" } },
  ];
  expect([...listIdsIn(body)]).toEqual([1, "b", 3, 4, 5]);
  expect([...listIdsIn({ id: 9, method: "tools/list" })]).toEqual([9]);
  expect([...listIdsIn(null)]).toEqual([]);
});
