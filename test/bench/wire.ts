/** The messages both ends of the bench agree on. Sizes in bytes; all text is ASCII. */

export const callBytes = 300;
export const answerBytes = 500;
export const eventsPerSecond = 1;

/** How an answer to tools/call is framed; also the name of the tool that answers so. */
export type Shape = "json" | "sse";

/** A JSON-RPC tools/call of `callBytes`. */
export const callBody = (id: number, shape: Shape): string =>
  padded(
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${shape}","arguments":{"text":"`,
    `"}}}`,
    callBytes,
  );

/** A whole answer. The same id on the same replica always gives the same body. */
export const jsonAnswer = (id: string, replica: number): string => jsonHead(result(id, replica));

export function sseAnswer(id: string, replica: number): string {
  const event = `event: message\ndata: ${result(id, replica)}\n\n`;
  return `${streamHead}${chunk(event)}0\r\n\r\n`;
}

/** Length of a whole tools/call answer body. */
export const bodyBytes: Record<Shape, number> = {
  json: answerBytes,
  sse: "event: message\ndata: ".length + answerBytes + 2,
};

export const jsonHead = (body: string, fields = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

export const streamHead =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
/** One event of an open stream: its number, counted from 1, and when it was written, on the shared clock. */
export const streamEvent = (n: number, sentUs: number): string =>
  chunk(
    `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"n":${n},"sentUs":${Math.round(sentUs)}}}}\n\n`,
  );

export function readStreamEvent(event: string): { n: number; sentUs: number } | undefined {
  const found = /"n":(\d+),"sentUs":(\d+)/.exec(event);
  return found ? { n: Number(found[1]), sentUs: Number(found[2]) } : undefined;
}

const result = (id: string, replica: number) =>
  padded(
    `{"jsonrpc":"2.0","id":${id},"result":{"_meta":{"replica":${replica}},"content":[{"type":"text","text":"`,
    `"}]}}`,
    answerBytes,
  );

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const padded = (before: string, after: string, bytes: number) =>
  before + "x".repeat(bytes - before.length - after.length) + after;
