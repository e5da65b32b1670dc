import { expect, spyOn, test } from "bun:test";
import { answerScan } from "../../../gateway/observe/requests/answer-scan.ts";
import { type AnswerFailure, failureIn } from "../../../gateway/observe/requests/answer-failure.ts";

const error = (code: unknown) => JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code, message: "no" } });
const result = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "fine" }] } });

/** The failure found in an answer that comes in such pieces. */
function found(contentType: string, ...pieces: (string | Uint8Array)[]): AnswerFailure | undefined {
  const scan = answerScan(contentType);
  for (const piece of pieces) scan.saw(typeof piece === "string" ? Buffer.from(piece) : piece);
  return scan.failure();
}

test.each([
  [error(-32601), -32601],
  [error(-32000), -32000],
  [error(4), 4],
  [error("odd"), 0],
  [error(1.5), 0],
  [error(undefined), 0],
  [result, undefined],
  ["", undefined],
  ["no JSON", undefined],
  ["null", undefined],
  ['"error"', undefined],
  ['{"error":"a text, as of OAuth"}', undefined],
  [`[${result},${error(-32602)},${error(-32603)}]`, -32602],
  ["[]", undefined],
  [JSON.stringify({ result: { structuredContent: { error: { code: -32603 } } } }), undefined],
  [JSON.stringify({ result: { content: [{ type: "text", text: error(-32603) }] } }), undefined],
  [JSON.stringify({ result: { content: [], isError: true } }), "tool_error"],
  ['{"result": {"content": [], "isError" : true}}', "tool_error"],
  [JSON.stringify({ result: { content: [], isError: false, structuredContent: { isError: true } } }), undefined],
  [JSON.stringify({ result: { isError: "true" } }), undefined],
  [`[${error(-32602)},{"result":{"isError":true}}]`, -32602],
])("the text %j has the failure %p", (text, code) => {
  expect(failureIn(text)).toBe(code as never);
  expect(found("application/json", text)).toBe(code as never);
  expect(found("Application/JSON; charset=utf-8", ...text)).toBe(code as never);
  const event = `: comment\nevent: message\nid: 1\ndata: ${text}\n\n`;
  expect(found("text/event-stream", event)).toBe(code as never);
});

test("an answer that is neither JSON nor an event stream has no error", () => {
  expect(found("text/html", error(-32601))).toBeUndefined();
  expect(answerScan(undefined).failure()).toBeUndefined();
});

const streams = [
  ["with LF", "\n"],
  ["with CRLF", "\r\n"],
  ["with CR", "\r"],
].map(([how = "", lineEnd = ""]) => {
  const events = [`data: ${result}`, ": keep-alive", `id: 7${lineEnd}data: ${error(-32602)}`, `data: ${error(-32603)}`];
  return [how, events.map((event) => event + lineEnd + lineEnd).join("")] as const;
});

test.each(streams)("the first error in a stream is found %s, however it is cut", (_how, stream) => {
  const bytes = Buffer.from(stream);
  expect(found("text/event-stream", bytes)).toBe(-32602);
  expect(found("text/event-stream", ...[...bytes].map((byte) => Buffer.of(byte)))).toBe(-32602);
  for (let at = 0; at <= bytes.length; at++) {
    expect(found("text/event-stream", bytes.subarray(0, at), bytes.subarray(at))).toBe(-32602);
  }
});

test("data in several lines is one message", () => {
  const [, head, tail] = /^(.*?,)(.*)$/.exec(error(-32602)) ?? [];
  expect(found("text/event-stream", `data: ${head}\ndata: ${tail}\n\n`)).toBe(-32602);
});

test("an event that is not complete says nothing", () => {
  expect(found("text/event-stream", `data: ${error(-32602)}\n`)).toBeUndefined();
  expect(found("text/event-stream", `data: ${error(-32602)}\n`, "\n")).toBe(-32602);
});

test("what is longer than the limit passes unread, and what follows it is read", () => {
  const long = JSON.stringify({ text: "x".repeat(70_000), ...JSON.parse(error(-32602)) });
  expect(found("application/json", long)).toBeUndefined();
  expect(found("application/json", long.slice(0, 60_000), long.slice(60_000))).toBeUndefined();
  for (const cuts of [[0], [30_000, 69_000], [70_050], [long.length + 6], [long.length + 7]]) {
    const stream = `data: ${long}\n\ndata: ${error(-32603)}\n\n`;
    const edges = [0, ...cuts.filter((cut) => cut > 0), stream.length];
    const pieces = edges.slice(1).map((end, i) => stream.slice(edges[i], end));
    // In one piece nothing had to be kept, so that it is read.
    expect(found("text/event-stream", ...pieces)).toBe(pieces.length === 1 ? -32602 : -32603);
  }
});

test("a long event is unread to its end", () => {
  const pieces = [`data: ${"x".repeat(70_000)}`, `\ndata: ${error(-32602)}\n\n`];
  expect(found("text/event-stream", ...pieces)).toBeUndefined();
  expect(found("text/event-stream", ...pieces, `data: ${error(-32603)}\n\n`)).toBe(-32603);
});

test("of many events that came at once, only those are read that may hold a failure, and no more than a thousand", () => {
  using parse = spyOn(JSON, "parse");
  const tiny = ":\n\n".repeat(50_000);
  expect(found("text/event-stream", `${tiny}data:"error"\n\n${tiny}data: ${error(-32602)}\n\n`)).toBe(-32602);
  expect(parse).toHaveBeenCalledTimes(2);
  parse.mockClear();
  expect(found("text/event-stream", `${'data:"error"\n\n'.repeat(50_000)}data: ${error(-32602)}\n\n`)).toBeUndefined();
  expect(parse).toHaveBeenCalledTimes(1000);
});

test("an event that comes byte by byte is searched for its end once, not again with each byte", () => {
  let searched = 0;
  const search = Buffer.prototype.lastIndexOf;
  using _ = spyOn(Buffer.prototype, "lastIndexOf").mockImplementation(function (
    this: Buffer,
    ...what: Parameters<typeof search>
  ) {
    searched += this.length;
    return search.apply(this, what);
  });
  const bytes = Buffer.from(`data: ${JSON.stringify({ text: "x".repeat(50_000), ...JSON.parse(error(-32602)) })}\n\n`);
  expect(found("text/event-stream", ...[...bytes].map((byte) => Buffer.of(byte)))).toBe(-32602);
  expect(searched).toBeLessThan(20 * bytes.length);
});
