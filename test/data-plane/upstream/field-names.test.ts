import { expect, test } from "bun:test";
import { fieldNameIn } from "../../../gateway/data-plane/upstream/field-names.ts";

const named = (written: string, before = "") => {
  const text = `${before}${written}: x\r\n`;
  const { name, role } = fieldNameIn(text, before.length, before.length + written.length);
  return { name, role };
};

test.each([
  ["Content-Length", "content-length", "content-length"],
  ["transfer-ENCODING", "transfer-encoding", "transfer-encoding"],
  ["connection", "connection", "connection"],
  ["Keep-Alive", "keep-alive", "hop-by-hop"],
  ["Mcp-Session-Id", "mcp-session-id", "message"],
  ["x", "x", "message"],
] as const)("%s is %s, about %s, wherever it stands and however often", (written, name, role) => {
  for (const before of ["", "HTTP/1.1 200 OK\r\nDate: now\r\n"]) {
    for (let time = 0; time < 3; time++) expect(named(written, before)).toEqual({ name, role });
  }
});

test("names that begin, end and measure alike are not taken for each other", () => {
  const pairs = [
    ["content-length", "content-lungth", "message"],
    ["connection", "connectoon", "message"],
    ["transfer-encoding", "Transfer-encoding", "transfer-encoding"],
  ] as const;
  for (const [first, second, role] of pairs) {
    named(first);
    expect(named(second)).toEqual({ name: second.toLowerCase(), role });
    expect(named(first).role).toBe(first as never);
  }
});

test("servers with ever new names take no more and no more memory", () => {
  for (let i = 0; i < 5000; i++) named(`${String.fromCharCode(97 + (i % 26))}${"y".repeat(i % 700)}${i % 10}`);
  expect(named("Content-Length")).toEqual({ name: "content-length", role: "content-length" });
});
