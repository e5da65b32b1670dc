import { expect, test } from "bun:test";
import { filterToolLists } from "../../../gateway/data-plane/tool-filter.ts";
import { allowed, answer, filtered, listIds, listOf, splits } from "./streams.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const json = (text: string, others: "untouched" | "by-shape" = "untouched") =>
  filtered("application/json", [bytes(text)], { others });

test.each<[string, string, string]>([
  ["forbidden tools go", listOf(1, "read", "drop", "Read", "read "), listOf(1, "read")],
  ["a list may become empty", listOf(1, "drop"), listOf(1)],
  ["a list of what is allowed stays byte for byte", ` ${listOf("a", "read")}\n`, ` ${listOf("a", "read")}\n`],
  ["another id stays, though it looks alike", listOf("1", "drop"), listOf("1", "drop")],
  [
    "a batch",
    `[${listOf(2, "drop")},${listOf(1, "drop")},${listOf("a", "read", "drop")}]`,
    `[${listOf(2, "drop")},${listOf(1)},${listOf("a", "read")}]`,
  ],
  [
    "all other fields stay, numbers as they are written",
    '{"jsonrpc":"2.0","id":1,"result":{"_meta":{"v":1.0},"resultType":"complete","tools":[{"name":"drop"},{"name":"read","inputSchema":{"maximum":9223372036854775807}}],"nextCursor":"c","x":{"tools":[{"name":"drop"}]}},"extra":1e400}',
    '{"jsonrpc":"2.0","id":1,"result":{"_meta":{"v":1.0},"resultType":"complete","tools":[{"name":"read","inputSchema":{"maximum":9223372036854775807}}],"nextCursor":"c","x":{"tools":[{"name":"drop"}]}},"extra":1e400}',
  ],
  [
    "what is no tool goes",
    '{"id":1,"result":{"tools":[null,"read",["read"],{"name":["read"]},{"title":"read"},{"name":"read"}]}}',
    '{"id":1,"result":{"tools":[{"name":"read"}]}}',
  ],
  [
    "a filtered list is private to the caller, and its age stays",
    '{"id":1,"result":{"tools":[{"name":"drop"}],"ttlMs":60000,"cacheScope":"public"}}',
    '{"id":1,"result":{"tools":[],"ttlMs":60000,"cacheScope":"private"}}',
  ],
  [
    "so is one that the caller may see all of, as others may not",
    '{"id":1,"result":{"tools":[{"name":"read"}],"ttlMs":1,"cacheScope":"public"}}',
    '{"id":1,"result":{"tools":[{"name":"read"}],"ttlMs":1,"cacheScope":"private"}}',
  ],
  [
    "a scope that is missing is private",
    '{"id":1,"result":{"tools":[],"ttlMs":1}}',
    '{"id":1,"result":{"tools":[],"ttlMs":1,"cacheScope":"private"}}',
  ],
  [
    "what is private stays byte for byte",
    '{"id":1, "result":{"tools":[],"cacheScope":"private"}}',
    '{"id":1, "result":{"tools":[],"cacheScope":"private"}}',
  ],
  [
    "a number as id is the same in any spelling",
    '{"id":1.0,"result":{"tools":[{"name":"drop"}]}}',
    '{"id":1.0,"result":{"tools":[]}}',
  ],
  [
    "an error stays",
    '{"id":1,"error":{"code":-32603,"message":"\\"tools\\""}}',
    '{"id":1,"error":{"code":-32603,"message":"\\"tools\\""}}',
  ],
  [
    "tools that are no array stay",
    '{"id":1,"result":{"tools":{"name":"drop"}}}',
    '{"id":1,"result":{"tools":{"name":"drop"}}}',
  ],
  ["text that is no message stays", 'no "tools" here', 'no "tools" here'],
  ["nothing stays nothing", "", ""],
])("%s", async (_promise, given, expected) => {
  expect(await json(given)).toBe(expected);
  for (const pieces of splits(bytes(given))) expect(await filtered("application/json", pieces)).toBe(expected);
});

test("by shape, tools with a name and a schema are a list under any id; those of a call's result are none", async () => {
  for (const id of [2, "1", null]) expect(await json(listOf(id, "read", "drop"), "by-shape")).toBe(listOf(id, "read"));
  const result = '{"id":2,"result":{"content":[],"tools":[{"name":"drop"},"x"]}}';
  expect(await json(result, "by-shape")).toBe(result);
  expect(await json(listOf(1, "drop"), "by-shape")).toBe(listOf(1));
});

test("an answer that cannot be read, where a list may be, breaks off", async () => {
  for (const text of [listOf(1, "drop").replace('"object"', "NaN"), listOf(1, "drop").slice(0, -1), `{}${listOf(1)}`]) {
    await expect(json(text)).rejects.toThrow("is no JSON");
  }
});

test("an answer larger than the limit breaks off, and one as large as it passes", async () => {
  const limit = { maxHeldBytes: 50 };
  expect(await filtered("application/json", [bytes("x".repeat(25)), bytes("x".repeat(25))], limit)).toBe(
    "x".repeat(50),
  );
  for (const pieces of [[bytes("x".repeat(51))], [bytes("x".repeat(50)), bytes("x")]]) {
    await expect(filtered("application/json", pieces, limit)).rejects.toThrow("larger than 50 bytes");
  }
});

test("an answer that cannot be checked is a 502, its server is let go, and nothing of it gets by", async () => {
  for (const [type, headers, why] of [
    ["application/json", { "content-encoding": "gzip" }, "is encoded"],
    ["text/event-stream", { "content-encoding": "BR" }, "is encoded"],
    ["text/plain", {}, "is neither JSON nor an event stream"],
    ["", {}, "is neither JSON nor an event stream"],
  ] as const) {
    let cancelled = 0;
    const cancel = () => {
      cancelled++;
    };
    const body = new ReadableStream({ cancel });
    const response = new Response(body, { headers: { "content-type": type, ...headers } });
    const told: string[] = [];
    const refused = filterToolLists(response, allowed, listIds, { refused: (reason) => told.push(reason) });
    expect(told).toEqual([`The MCP server's answer ${why}, so its tools cannot be checked`]);
    expect(refused.status).toBe(502);
    expect(await refused.json()).toEqual({
      jsonrpc: "2.0",
      error: { code: -32603, message: `The MCP server's answer ${why}, so its tools cannot be checked` },
      id: null,
    });
    expect(refused.headers.get("content-encoding")).toBeNull();
    expect(cancelled).toBe(1);
  }
});

test("headers stay, but those that describe the bytes; an identity coding is none", async () => {
  const text = listOf(1, "read", "drop");
  const response = filterToolLists(
    answer("Application/JSON; charset=utf-8", [bytes(text)], {
      "content-length": String(text.length),
      "content-digest": "sha-256=:x:",
      "content-encoding": "identity",
      "mcp-session-id": "s",
    }),
    allowed,
    listIds,
  );
  expect(response.status).toBe(200);
  expect(response.headers.get("content-length")).toBeNull();
  expect(response.headers.get("content-digest")).toBeNull();
  expect(response.headers.get("content-type")).toBe("Application/JSON; charset=utf-8");
  expect(response.headers.get("mcp-session-id")).toBe("s");
  expect(await response.text()).toBe(listOf(1, "read"));
});

test("errors and answers without a body go on as they are; what comes with a 202 has no meaning and goes", async () => {
  for (const status of [204, 400, 404, 500]) {
    const given = new Response(status === 204 ? null : "why", { status, headers: { "content-encoding": "gzip" } });
    expect(filterToolLists(given, allowed, listIds)).toBe(given);
  }
  const accepted = filterToolLists(new Response(listOf(1, "drop"), { status: 202 }), allowed, listIds);
  expect(accepted.status).toBe(202);
  expect(await accepted.text()).toBe("");
});
