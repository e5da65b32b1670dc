import { expect, test } from "bun:test";
import { asRead } from "../../../gateway/data-plane/policy/as-read.ts";

const read = (body: string | null, headers: Record<string, string> = {}) =>
  asRead({ headers, body, method: "POST" }, body === null ? null : JSON.parse(body));

test.each([
  ["members by the same name are one, the last", '{"method":"ping","method":"tools/call"}', '{"method":"tools/call"}'],
  [
    "in whatever depth",
    '{"params":{"name":"drop","arguments":{},"name":"read"}}',
    '{"params":{"name":"read","arguments":{}}}',
  ],
  ["spelled with escapes", '{"name":"drop","n\\u0061me":"read"}', '{"name":"read"}'],
  [
    "what stands alone stays, in its order",
    '{"b":[1,"\u2028",null,true],"a":{}}',
    '{"b":[1,"\u2028",null,true],"a":{}}',
  ],
  [
    "numbers that a double cannot hold stay as they are",
    '{"id": 12345678901234567890, "a":[9223372036854775807,1.0,-0,1e400,0.10]}',
    '{"id":12345678901234567890,"a":[9223372036854775807,1.0,-0,1e400,0.10]}',
  ],
  ["the last of two such numbers stands", '{"a":9223372036854775807,"a":1.50}', '{"a":1.50}'],
  ["__proto__ is a member like any other", '{"__proto__":{"name":"x"} }', '{"__proto__":{"name":"x"}}'],
])("%s", (_promise, given, expected) => {
  expect(read(given)?.body).toBe(expected);
});

test("a request without a body stays as it is", () => {
  const headers = { "content-type": "text/plain; charset=utf-8" };
  const request = read(null, headers);
  expect(request?.body).toBeNull();
  expect(request?.headers["content-type"]).toBe("text/plain; charset=utf-8");
});

test("the headers name no charset and no coding that would make another text of the body", () => {
  const request = read("{}", {
    "content-type": "application/json; charset=utf-7",
    "content-encoding": "br",
    accept: "x",
  });
  expect(request?.headers["content-type"]).toBe("application/json");
  expect(request?.headers["content-encoding"]).toBeUndefined();
  expect(request?.headers["accept"]).toBe("x");
  expect(request?.method).toBe("POST");
  const twice = read("{}", { "content-type": "application/json, text/json; charset=utf-7" });
  expect(twice?.headers["content-type"]).toBe("application/json");
  expect(read("{}")?.headers["content-type"]).toBeUndefined();
});

test("what is nested 501 deep is not written again, at once; 500 are, and brackets in texts do not count", () => {
  const nested = (depth: number) => ` ${"[".repeat(depth)}${"]".repeat(depth)}`;
  const objects = (depth: number) => ` ${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  for (const text of [nested(501), objects(501), objects(500_000)]) expect(read(text)).toBeUndefined();
  for (const text of [nested(500), objects(500)]) expect(read(text)?.body).toBe(text.trim());
  const flat = `["${'\\"['.repeat(1200)}",${"[],".repeat(600)}{}]`;
  expect(read(flat)?.body).toBe(flat);
});
