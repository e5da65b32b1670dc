import { expect, test } from "bun:test";
import { serialized } from "../../../gateway/data-plane/upstream/request-head.ts";

const { signal } = new AbortController();
const written = (method: string, target: string, headers: Headers, body: string | null) =>
  Buffer.from(serialized({ method, target, headers, body, signal }, "10.0.0.7:80") as string).toString("latin1");

test("a request has its length in bytes of UTF-8", () => {
  expect(written("POST", "/mcp?a=b", new Headers({ "content-type": "application/json" }), '"ř🐎"')).toBe(
    "POST /mcp?a=b HTTP/1.1\r\nhost: 10.0.0.7:80\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n" +
      Buffer.from('"ř🐎"').toString("latin1"),
  );
});

test("a request without a body has no length", () => {
  expect(written("GET", "/mcp", new Headers(), null)).toBe("GET /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\n\r\n");
});

test("a value beyond ASCII goes out in the bytes it came in", () => {
  expect(written("POST", "/mcp", new Headers({ "x-name": "caf\xe9" }), "ř")).toBe(
    "POST /mcp HTTP/1.1\r\nhost: 10.0.0.7:80\r\nx-name: caf\xe9\r\ncontent-length: 2\r\n\r\n\xc5\x99",
  );
});

test("a target cannot end its line", () => {
  const target = "/mcp?a= b\r\nx: y\u00e9\ud800";
  expect(written("GET", target, new Headers(), null)).toBe(
    "GET /mcp?a=%20b%0D%0Ax:%20y%C3%A9%EF%BF%BD HTTP/1.1\r\nhost: 10.0.0.7:80\r\n\r\n",
  );
});

test("what could end a line early is never written", () => {
  const hostile = (value: string) => ({ toJSON: () => ({ "x-name": value }) }) as unknown as Headers;
  for (const value of ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "\u0159"]) {
    expect(() => written("GET", "/", hostile(value), null)).toThrow("cannot be sent");
  }
  expect(() => written("GET / HTTP/1.1\r\nx: y\r\n\r\n", "/", new Headers(), null)).toThrow("not a token");
});
