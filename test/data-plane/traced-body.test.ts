import { expect, test } from "bun:test";
import { tracedBody } from "../../gateway/data-plane/traced-body.ts";

const said = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const ours = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01";
const traced = (text: string) => tracedBody(text, JSON.parse(text), ours);

test("what the client said in _meta is replaced, and not a byte else", () => {
  const text = `{ "id":1, "params" : {"name":"é\\u00e9", "n": 1.0e2,"_meta":{"traceparent":"${said}","x":null}} }`;
  expect(traced(text)).toBe(text.replace(said, ours));
});

test.each([
  [
    '{"params":{"_meta":{"progressToken":1},"n":10000000000000000001}}',
    `"_meta":{"traceparent":"${ours}","progressToken":1}`,
  ],
  ['{"params":{"_meta": { } }}', `"_meta": {"traceparent":"${ours}" }`],
  ['{"params":{"_meta":{}}}', `"_meta":{"traceparent":"${ours}"}`],
])("where it said nothing it is added: %s", (text, part) => {
  const changed = traced(text);
  expect(changed).toContain(part);
  expect(changed.replace(`"traceparent":"${ours}"`, "").replace("{,", "{")).toBe(text);
});

test.each([
  ["there is no _meta", '{"params":{"name":"x"}}'],
  ["there are no parameters", '{"method":"ping"}'],
  ["it is a batch", '[{"params":{"_meta":{}}}]'],
  ["_meta is no object", '{"params":{"_meta":[]}}'],
  ["another place has the same name", '{"params":{"arguments":{"_meta":{}},"_meta":{}}}'],
  ["another place has the same value", `{"params":{"arguments":{"a":"${said}"},"_meta":{"traceparent":"${said}"}}}`],
  ["the name is written in another way", '{"params":{"_m\\u0065ta":{}}}'],
  ["only another place is written like it", '{"params":{"arguments":{"_meta":{}},"_m\\u0065ta":{}}}'],
  ["the value is written in another way", `{"params":{"_meta":{"traceparent":"\\u0030${said.slice(1)}"}}}`],
])("the text stays as it is when %s", (_why, text) => {
  expect(traced(text)).toBe(text);
});
