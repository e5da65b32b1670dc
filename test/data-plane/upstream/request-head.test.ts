import { expect, test } from "bun:test";
import type { HeaderFields } from "../../../gateway/auth/header-fields.ts";
import { type RequestBody, serialized } from "../../../gateway/data-plane/upstream/request-head.ts";

const client = new AbortController();
const written = (method: string, target: string, headers: HeaderFields, body: RequestBody) =>
  Buffer.from(serialized({ method, target, headers, body, client }, "10.0.0.7:80") as string).toString("latin1");

test("a request has its length in bytes of UTF-8", () => {
  expect(written("POST", "/mcp?a=b", { "content-type": "application/json" }, '"ř🐎"')).toBe(
    "POST /mcp?a=b HTTP/1.1\r\nhost: 10.0.0.7:80\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n" +
      Buffer.from('"ř🐎"').toString("latin1"),
  );
});

test("a request without a body has no length", () => {
  expect(written("GET", "/mcp", {}, null)).toBe("GET /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\n\r\n");
});

test("a value beyond ASCII goes out in the bytes it came in", () => {
  expect(written("POST", "/mcp", { "x-name": "caf\xe9" }, "ř")).toBe(
    "POST /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\nx-name: caf\xe9\r\ncontent-length: 2\r\n\r\n\xc5\x99",
  );
});

test("bytes go out as they are, behind whatever head", () => {
  const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
  expect(written("POST", "/mcp", { "content-type": "application/json" }, bytes)).toBe(
    "POST /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n{\xff\0}",
  );
  expect(written("POST", "/mcp", { "x-name": "caf\xe9" }, bytes)).toBe(
    "POST /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\nx-name: caf\xe9\r\ncontent-length: 4\r\n\r\n{\xff\0}",
  );
  expect(written("POST", "/mcp", {}, new Uint8Array(0))).toBe(
    "POST /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\ncontent-length: 0\r\n\r\n",
  );
});

test("before a stream stands its length, or that it comes in chunks", () => {
  const stream = new ReadableStream<Uint8Array>();
  expect(written("POST", "/mcp", {}, { stream, bytes: 70_000 })).toBe(
    "POST /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\ncontent-length: 70000\r\n\r\n",
  );
  expect(written("POST", "/mcp", {}, { stream, bytes: undefined })).toBe(
    "POST /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\ntransfer-encoding: chunked\r\n\r\n",
  );
});

test("a target cannot end its line", () => {
  const target = "/mcp?a= b\r\nx: y\u00e9\ud800";
  expect(written("GET", target, {}, null)).toBe(
    "GET /mcp?a=%20b%0D%0Ax:%20y%C3%A9%EF%BF%BD HTTP/1.1\r\nhost: 10.0.0.7:80\r\n\r\n",
  );
});

test("what could end a line early is never written", () => {
  for (const value of ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "\u0159"]) {
    expect(() => written("GET", "/", { "x-name": value }, null)).toThrow("cannot be sent");
  }
  expect(() => written("GET / HTTP/1.1\r\nx: y\r\n\r\n", "/", {}, null)).toThrow("not a token");
});
