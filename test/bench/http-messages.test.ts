import { expect, test } from "bun:test";
import { messageReader } from "./http-messages.ts";

const wire = Buffer.from(
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" +
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n" +
    "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n" +
    "GET /mcp HTTP/1.1\r\nHost: a\r\n\r\n",
);

function read(pieces: Buffer[]) {
  const messages: { firstLine: string; body: string }[] = [];
  let now = { firstLine: "", body: "" };
  const feed = messageReader({
    head: (text) => {
      now = { firstLine: text.split("\r\n")[0] ?? "", body: "" };
    },
    piece: (bytes) => {
      now.body += bytes.toString("latin1");
    },
    end: () => {
      messages.push(now);
    },
  });
  for (const piece of pieces) feed(piece);
  return messages;
}

const expected = [
  { firstLine: "HTTP/1.1 200 OK", body: "hello" },
  { firstLine: "HTTP/1.1 200 OK", body: "abc0123456789" },
  { firstLine: "HTTP/1.1 202 Accepted", body: "" },
  { firstLine: "GET /mcp HTTP/1.1", body: "" },
];

test("messages that arrive together are read one by one", () => {
  expect(read([wire])).toEqual(expected);
});

test("messages are read the same wherever the network splits them", () => {
  for (let at = 1; at < wire.length; at++) expect(read([wire.subarray(0, at), wire.subarray(at)])).toEqual(expected);
  expect(read(Array.from(wire, (_, i) => wire.subarray(i, i + 1)))).toEqual(expected);
});
