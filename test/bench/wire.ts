/** The messages both ends of the bench agree on. Sizes in bytes; all text is ASCII. */

export const callBytes = 300;
export const answerBytes = 500;
export const largeBytes = 2 ** 20;
export const eventsPerSecond = 1;

/** How an answer to tools/call is framed; also the name of the tool that answers so. `large`: as JSON of `largeBytes`. */
export type Shape = "json" | "sse" | "large";

/** Tools that never come to their end: without a word, or after half of a large answer. */
export type Held = "hold" | "half";

/** A JSON-RPC tools/call of `callBytes`. */
export const callBody = (id: number, tool: Shape | Held): string =>
  padded(
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":{"text":"`,
    `"}}}`,
    callBytes,
  );

/** A whole answer. The same id on the same replica always gives the same body. */
export const jsonAnswer = (id: string, replica: number): string => jsonHead(result(id, replica));

export function sseAnswer(id: string, replica: number): string {
  const event = `event: message\ndata: ${result(id, replica)}\n\n`;
  return `${streamHead}${chunk(event)}0\r\n\r\n`;
}

export const largeAnswer = (id: string, replica: number): Buffer =>
  Buffer.from(jsonHead(result(id, replica, largeBytes)), "latin1");

/** Length of a whole tools/call answer body. */
export const bodyBytes: Record<Shape, number> = {
  json: answerBytes,
  sse: "event: message\ndata: ".length + answerBytes + 2,
  large: largeBytes,
};

export const jsonHead = (body: string, fields = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

export const streamHead =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";

/** What a stream says that has nothing to tell for as long as it lives: its `Last-Event-ID` is `silent-` and an id. */
export const silence = chunk(": nothing to tell\n\n");
export const silentStream = (id: number): string => `Last-Event-ID: silent-${id}\r\n`;
export const silentId = (head: string): string | undefined => /\r\nlast-event-id: *silent-(\d+)/i.exec(head)?.[1];

/** One event of an open stream: its number, counted from 1, and when it was written, on the shared clock. */
export const streamEvent = (n: number, sentUs: number): string =>
  chunk(
    `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"n":${n},"sentUs":${Math.round(sentUs)}}}}\n\n`,
  );

export function readStreamEvent(event: string): { n: number; sentUs: number } | undefined {
  const found = /"n":(\d+),"sentUs":(\d+)/.exec(event);
  return found ? { n: Number(found[1]), sentUs: Number(found[2]) } : undefined;
}

/** Which replica an answer to tools/call came from. */
export const replicaOf = (body: string): number | undefined => {
  const found = /"replica":(\d+)/.exec(body)?.[1];
  return found === undefined ? undefined : Number(found);
};

const result = (id: string, replica: number, bytes = answerBytes) =>
  padded(
    `{"jsonrpc":"2.0","id":${id},"result":{"_meta":{"replica":${replica}},"content":[{"type":"text","text":"`,
    `"}]}}`,
    bytes,
  );

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

const padded = (before: string, after: string, bytes: number) =>
  before + "x".repeat(bytes - before.length - after.length) + after;
