import { expect, test } from "bun:test";
import { ResponseParser } from "../../../gateway/data-plane/upstream/response-parser.ts";

type Outcome = { state: string; status?: number; body: string; reusable: boolean };

/** What a parser makes of these pieces, and of the end of the connection if it was still open then. */
function outcomeOf(pieces: Buffer[], method = "POST"): Outcome {
  const parser = new ResponseParser(method);
  let state = "open";
  let body = "";
  for (const piece of pieces) {
    const parsed = parser.feed(piece);
    state = parsed.state;
    if (parsed.state === "malformed") break;
    for (const part of parsed.body) body += Buffer.from(part).toString("latin1");
  }
  if (state === "open") state = `open, then ${parser.ends()}`;
  return { state, status: parser.head?.status, body: state === "malformed" ? "" : body, reusable: parser.reusable };
}

const bytes = (text: string) => Buffer.from(text, "latin1");
const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

/** answer, state, status, body, reusable */
const valid: [string, string, number | undefined, string, boolean][] = [
  [`${ok}Content-Length: 5\r\n\r\nhello`, "complete", 200, "hello", true],
  [`${ok}content-length:5 \t \r\n\r\nhello`, "complete", 200, "hello", true],
  [`${ok}Content-Length: 0\r\n\r\n`, "complete", 200, "", true],
  [`${ok}Content-Length: 5\r\n\r\nhel`, "open, then broken", 200, "hel", false],
  [`${ok}Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n`, "complete", 200, "hello", false],
  [`${ok}Content-Length: 5\r\nConnection: close\r\n\r\nhello`, "complete", 200, "hello", false],
  [`${ok}Content-Length: 5\r\nConnection: x, Close\r\n\r\nhello`, "complete", 200, "hello", false],
  ["HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "complete", 200, "hello", false],
  ["HTTP/1.1 204 No Content\r\n\r\n", "complete", 204, "", true],
  ["HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", "complete", 204, "", false],
  ['HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', "complete", 304, "", true],
  ["HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "complete", 200, "x", true],
  ["HTTP/1.1 599 Odd \xe9\r\nContent-Length: 1\r\n\r\nx", "complete", 599, "x", true],
  [`${ok}\r\nuntil the end`, "open, then complete", 200, "until the end", false],
  [`${ok}Connection: keep-alive\r\n\r\n`, "open, then complete", 200, "", false],
  [
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`,
    "complete",
    200,
    "x",
    true,
  ],
  [`${chunked}5\r\nhello\r\n0\r\n\r\n`, "complete", 200, "hello", true],
  [`${ok}transfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, "complete", 200, "hello", true],
  [
    `${chunked}1\r\na\r\n00B;x="y;z"\r\nbcdefghijkl\r\n0;last\r\nTrailer: t\r\nMore: t\r\n\r\n`,
    "complete",
    200,
    "abcdefghijkl",
    true,
  ],
  [`${chunked}5 ; x\r\nhello\r\n000\r\n\r\n`, "complete", 200, "hello", true],
  [`${chunked}5\r\nhello\r\n`, "open, then broken", 200, "hello", false],
  [`${chunked}5\r\nhello\r\n0\r\n`, "open, then broken", 200, "hello", false],
  [`${chunked}5\r\nhello\r\n0\r\n\r\nx`, "complete", 200, "hello", false],
  ["HTTP/1.1 200 O", "open, then broken", undefined, "", false],
];

test.each(valid)("%j is %s", (answer, state, status, body, reusable) => {
  expect(outcomeOf([bytes(answer)])).toEqual({ state, status, body, reusable });
});

test("an answer to HEAD has a length and no body", () => {
  const outcome = outcomeOf([bytes(`${ok}Content-Length: 5\r\n\r\n`)], "HEAD");
  expect(outcome).toEqual({ state: "complete", status: 200, body: "", reusable: true });
});

test.each([
  ["HTTP/2 200 OK\r\n\r\n"],
  ["HTTP/1.2 200 OK\r\n\r\n"],
  ["http/1.1 200 OK\r\n\r\n"],
  ["\r\nHTTP/1.1 200 OK\r\n\r\n"],
  ["HTTP/1.1  200 OK\r\n\r\n"],
  ["HTTP/1.1 20 OK\r\n\r\n"],
  ["HTTP/1.1 600 OK\r\n\r\n"],
  ["HTTP/1.1 2000 OK\r\n\r\n"],
  ["HTTP/1.1 200 O\0K\r\n\r\n"],
  ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"],
  ["HTTP/1.1 100 Continue\r\n\r\n".repeat(9)],
  [`${ok}Content-Length : 5\r\n\r\nhello`],
  [`${ok}: x\r\n\r\n`],
  [`${ok}No colon\r\n\r\n`],
  [`${ok}X: a\r\n folded\r\n\r\n`],
  [`${ok} X: a\r\n\r\n`],
  [`${ok}X: a\0b\r\n\r\n`],
  [`${ok}X: a\rb\r\n\r\n`],
  [`${ok}X: a\nContent-Length: 5\r\n\r\nhello`],
  ["HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"],
  [`${ok}X\xe9: a\r\n\r\n`],
  [`${ok}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  [`${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
  [`${ok}Content-Length: 5, 5\r\n\r\nhello`],
  [`${ok}Content-Length: +5\r\n\r\nhello`],
  [`${ok}Content-Length: 0x5\r\n\r\nhello`],
  [`${ok}Content-Length: -1\r\n\r\nhello`],
  [`${ok}Content-Length:\r\n\r\nhello`],
  [`${ok}Content-Length: 9999999999999999\r\n\r\nhello`],
  [`${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`],
  [`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  [`${ok}Transfer-Encoding: identity\r\n\r\n`],
  [`${ok}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  [`${ok}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`],
  [`${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  [`${chunked}\r\n`],
  [`${chunked}g\r\n`],
  [`${chunked} 5\r\nhello\r\n`],
  [`${chunked}-5\r\nhello\r\n`],
  [`${chunked}0x5\r\nhello\r\n`],
  [`${chunked}5\nhello\r\n`],
  [`${chunked}5\r\nhelloX\r\n`],
  [`${chunked}5\r\nhello\n0\r\n\r\n`],
  [`${chunked}5\r\nhello\r0\r\n\r\n`],
  [`${chunked}5;\n\r\nhello\r\n`],
  [`${chunked}fffffffff\r\n`],
  [`${chunked}5;${"x".repeat(5000)}\r\nhello`],
  [`${chunked}0\r\nX: a\nY: b\r\n\r\n`],
  [`${chunked}0\r\n\n`],
  [`${chunked}0\r\n${"X: a\r\n".repeat(5000)}\r\n`],
  [`${ok}${"X: a\r\n".repeat(129)}\r\n`],
  [`${ok}X: ${"a".repeat(33_000)}\r\n\r\n`],
  [`${ok}X: ${"a".repeat(33_000)}`],
])("%j is malformed, whole or byte by byte", (answer) => {
  const whole = bytes(answer);
  expect(outcomeOf([whole]).state).toBe("malformed");
  expect(outcomeOf([...whole].map((byte) => Buffer.from([byte]))).state).toBe("malformed");
});

test("what is malformed stays malformed", () => {
  const parser = new ResponseParser("POST");
  expect(parser.feed(bytes("nonsense\r\n\r\n")).state).toBe("malformed");
  expect(parser.feed(bytes(`${ok}Content-Length: 0\r\n\r\n`)).state).toBe("malformed");
  expect(parser.ends()).toBe("broken");
});

test("however an answer is split, it says the same", () => {
  const random = generator(1);
  for (const [answer] of valid) {
    const whole = bytes(answer);
    const expected = outcomeOf([whole]);
    expect(outcomeOf([...whole].map((byte) => Buffer.from([byte])))).toEqual(expected);
    for (let round = 0; round < 200; round++) expect(outcomeOf(split(whole, random))).toEqual(expected);
  }
});

test("whatever comes, the parser neither throws nor gives out more than came, and splits change nothing", () => {
  const random = generator(2);
  for (let round = 0; round < 20_000; round++) {
    const [answer] = valid[Math.floor(random() * valid.length)] as (typeof valid)[number];
    const mutated = mutate(bytes(answer), random);
    const whole = outcomeOf([mutated]);
    expect(whole.body.length).toBeLessThanOrEqual(mutated.length);
    const parts = outcomeOf(split(mutated, random));
    expect(parts.state).toBe(whole.state);
    expect(parts.body).toBe(whole.body);
    expect(parts.reusable).toBe(whole.reusable);
  }
});

function split(whole: Buffer, random: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length;) {
    const end = at + 1 + Math.floor(random() ** 3 * 40);
    pieces.push(whole.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** One to three bytes changed, inserted, deleted or repeated; mostly those that mean something. */
function mutate(bytes: Buffer, random: () => number): Buffer {
  const telling = [0x0d, 0x0a, 0x00, 0x20, 0x3a, 0x30, 0x35, 0x3b, 0x2c, 0xff];
  let mutated = bytes;
  for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
    const at = Math.floor(random() * mutated.length);
    const byte =
      random() < 0.8 ? (telling[Math.floor(random() * telling.length)] as number) : Math.floor(random() * 256);
    const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)];
    const kind = Math.floor(random() * 4);
    if (kind === 0) mutated = Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
    else if (kind === 1) mutated = Buffer.concat([before, Buffer.from([byte]), after]);
    else if (kind === 2) mutated = Buffer.concat([before, after.subarray(1)]);
    else mutated = Buffer.concat([before, after.subarray(0, 12), after]);
  }
  return mutated;
}

/** Numbers in [0, 1), the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
