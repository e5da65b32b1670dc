import { expect, test } from "bun:test";
import { answerFrom } from "../../../gateway/data-plane/upstream/answer.ts";
import { fieldNameIn } from "../../../gateway/data-plane/upstream/field-names.ts";
import type { ResponseHead } from "../../../gateway/data-plane/upstream/response-head.ts";

function answered(fields: readonly (readonly [string, string])[]): Response {
  const head: ResponseHead = {
    state: "final",
    status: 203,
    fields: fields.map(([name, value]) => ({ ...fieldNameIn(name, 0, name.length), value })),
    framing: { kind: "fixed", bytes: 2 },
    persistent: true,
  };
  return answerFrom(head, new TextEncoder().encode("hi"));
}

test("an answer has its server's status, headers and body", async () => {
  const answer = answered([
    ["Content-Type", "text/plain"],
    ["X-Twice", "a"],
    ["x-twice", "b"],
  ]);
  expect([answer.status, await answer.text()]).toEqual([203, "hi"]);
  expect(answer.headers.toJSON()).toEqual({ "content-type": "text/plain", "x-twice": "a, b" } as never);
});

test.each([
  [
    "its length and coding",
    [
      ["Content-Length", "2"],
      ["Transfer-Encoding", "chunked"],
      ["Trailer", "x"],
    ],
  ],
  [
    "what proxies say to each other",
    [
      ["Proxy-Authenticate", "Basic"],
      ["proxy-connection", "close"],
      ["TE", "gzip"],
    ],
  ],
  [
    "how long it lasts",
    [
      ["Connection", "Keep-Alive"],
      ["Keep-Alive", "timeout=5"],
      ["Upgrade", "h2c"],
    ],
  ],
  [
    "what it names in a second place",
    [
      ["connection", "keep-alive"],
      ["Connection", "x-hop"],
      ["X-Hop", "1"],
    ],
  ],
  [
    "what it names itself",
    [
      ["connection", "close, X-Hop ,x y"],
      ["x-hop", "1"],
    ],
  ],
] as const)("what speaks of the connection does not go on: %s", (_what, fields) => {
  const answer = answered([...fields, ["x-stays", "1"]]);
  expect(answer.headers.toJSON()).toEqual({ "x-stays": "1" } as never);
});
