import type { Random } from "./random.ts";

/** A valid answer, and what it says. */
export type MadeUp = {
  readonly bytes: Buffer;
  readonly method: string;
  readonly status: number;
  readonly body: string;
  readonly reusable: boolean;
  readonly lastsUntilClose: boolean;
};

/** Any framing, interim answers before it, headers and white space as they may be, chunks with extensions and trailers. */
export function madeUpAnswer(random: Random): MadeUp {
  const method = random.oneOf(["POST", "POST", "POST", "GET", "HEAD"]);
  const status = random.oneOf([200, 200, 200, 202, 204, 304, 400, 404, 500, 599]);
  const body = textOf(random, random.oneOf([0, 1, 20, 100, 1000]));
  const hasNone = method === "HEAD" || status === 204 || status === 304;
  const kind = random.oneOf(["fixed", "chunked", "until-close"] as const);
  const isLast = random.chance(0.2);
  const isLatest = kind === "chunked" || random.chance(0.8);
  const fields = Array.from({ length: random.below(6) }, () => fieldOf(random));
  if (kind === "fixed") fields.push(field(random, "Content-Length", String(Buffer.byteLength(body, "latin1"))));
  if (kind === "chunked")
    fields.push(field(random, "Transfer-Encoding", random.oneOf(["chunked", "Chunked", "CHUNKED"])));
  if (isLast) fields.push(field(random, "Connection", random.oneOf(["close", "Close", "x, close", "close ,y"])));
  shuffle(fields, random);
  const interim = random.chance(0.2) ? Array.from({ length: 1 + random.below(8) }, () => interimOf(random)) : [];
  const start = `HTTP/1.${isLatest ? 1 : 0} ${status}${random.oneOf(["", " ", " OK", " Odd \xe9 \t~"])}\r\n`;
  const sent = hasNone ? "" : kind === "chunked" ? chunksOf(body, random) : body;
  const isAnnounced = kind === "chunked" || (kind === "fixed" && body !== "");
  const isFramed = kind !== "until-close" || hasNone;
  return {
    bytes: Buffer.from(`${interim.join("")}${start}${fields.join("")}\r\n${sent}`, "latin1"),
    method,
    status,
    body: hasNone ? "" : body,
    reusable: isLatest && !isLast && isFramed && !(hasNone && method !== "HEAD" && isAnnounced),
    lastsUntilClose: !isFramed,
  };
}

/** The same with one to three things done to it that a broken or wily server might do. */
export function spoilt(bytes: Buffer, random: Random): Buffer {
  let text = bytes.toString("latin1");
  for (let count = 1 + random.below(3); count > 0; count--) text = random.oneOf(harms)(text, random);
  return Buffer.from(text, "latin1");
}

const telling = [
  "\r",
  "\n",
  "\0",
  " ",
  "\t",
  ":",
  "0",
  "5",
  "f",
  ";",
  ",",
  "-",
  "+",
  "\x7f",
  "\xff",
  "\r\n",
  "\n\n",
  "\r\n\r\n",
];

const framingFields = [
  "Content-Length: 5",
  "content-length: 0",
  "Content-Length: 4, 4",
  "Content-Length: +5",
  "Content-Length: 0x5",
  "Content-Length: -1",
  "Content-Length: 99999999999999999999",
  "Content-Length : 5",
  "Content-Length:",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: \x0bchunked",
  "Transfer-Encoding : chunked",
  "transfer-encoding:chunked ",
  "Transfer_Encoding: chunked",
  "Connection: close",
  "Connection: keep-alive",
  "Connection: close, content-length",
  " X: folded",
  "\tchunked",
  "X: \r folded",
  "No colon",
  ": no name",
  "",
];

const harms: readonly ((text: string, random: Random) => string)[] = [
  // A bit flips.
  (text, random) => {
    const at = random.below(text.length);
    return `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ (1 << random.below(8)))}${text.slice(at + 1)}`;
  },
  (text, random) => inserted(text, random.below(text.length + 1), random.oneOf(telling)),
  // Where lines end, or are taken to end.
  (text, random) => {
    const end = text.indexOf("\r\n", random.below(text.length));
    if (end < 0) return text;
    return `${text.slice(0, end)}${random.oneOf(["\n", "\r", "\n\r", "\r\r\n", " \r\n", "\r\n ", ""])}${text.slice(end + 2)}`;
  },
  // Another word on framing, somewhere in the head.
  (text, random) => {
    const head = text.slice(0, text.indexOf("\r\n\r\n") + 2);
    const lines = head.split("\r\n").length - 1;
    let at = 0;
    for (let skip = 1 + random.below(Math.max(1, lines)); skip > 0; skip--) at = text.indexOf("\r\n", at) + 2;
    return inserted(text, at, `${random.oneOf(framingFields)}\r\n`);
  },
  // Where the first chunk's size is, or any line of the body: sizes that are none, or too much.
  (text, random) => {
    const body = text.indexOf("\r\n\r\n") + 4;
    const at = random.chance(0.5) ? body : text.indexOf("\r\n", body + random.below(text.length)) + 2;
    return inserted(
      text,
      at,
      random.oneOf(["ffffffff\r\n", "0\r\n", "-1\r\n", "\r\n", "0x", " ", "-", "g", "0000000000", ","]),
    );
  },
  (text, random) => text.replace(/(?<=^[\da-f]+)/im, random.oneOf([",", " ", ";", "g", "\t;", "-", "\0", "h"])),
  (text, random) =>
    text.replace(/^HTTP\/1\.1 \d+/i, random.oneOf(["HTTP/1.0 200", "HTTP/1.2 200", "http/1.1 200", "HTTP/1.1 101"])),
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => {
    const at = random.below(text.length);
    return inserted(text, at, text.slice(at, at + 1 + random.below(40)));
  },
  (text, random) => {
    const at = random.below(text.length);
    return text.slice(0, at) + text.slice(at + 1 + random.below(8));
  },
  (text, random) => "HTTP/1.1 100 Continue\r\n\r\n".repeat(1 + random.below(12)) + text,
  // A second answer behind the first, or what looks like one.
  (text) => `${text}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen`,
  (text, random) => `${text}${random.oneOf(telling)}`,
];

function inserted(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}

function chunksOf(body: string, random: Random): string {
  const longest = random.oneOf([1, 7, 500, 5000]);
  let text = "";
  for (let at = 0; at < body.length;) {
    const chunk = body.slice(at, at + 1 + random.below(longest));
    const size = chunk.length.toString(16);
    text += `${random.oneOf(["", "", "0", "000"])}${random.chance(0.3) ? size.toUpperCase() : size}`;
    text += `${extensionOf(random)}\r\n${chunk}\r\n`;
    at += chunk.length;
  }
  const trailers = Array.from({ length: random.oneOf([0, 0, 1, 3]) }, () => fieldOf(random));
  return `${text}${random.oneOf(["0", "00", "00000000"])}${extensionOf(random)}\r\n${trailers.join("")}\r\n`;
}

function extensionOf(random: Random): string {
  return random.oneOf(["", "", "", "", ";x", ";x=y", ' ; x="y;z"', "\t;\xe9", `;long=${"x".repeat(300)}`]);
}

function interimOf(random: Random): string {
  return `HTTP/1.1 ${random.oneOf(["100 Continue", "102 Processing", "103 Early Hints"])}\r\n${random.chance(0.5) ? fieldOf(random) : ""}\r\n`;
}

function fieldOf(random: Random): string {
  const name = random.oneOf(["Content-Type", "X-A", "x_b", "Date", "Set-Cookie", "!#$%&'*+-.^_`|~", "Content-Lengths"]);
  return field(random, name, random.oneOf(["", "a", "a b\tc", "caf\xe9", "x".repeat(90), '"a", b;c=1', "5"]));
}

function field(random: Random, name: string, value: string): string {
  const spelled = random.oneOf([name, name.toLowerCase(), name.toUpperCase()]);
  return `${spelled}:${random.oneOf([" ", " ", "", "\t", "  "])}${value}${random.oneOf(["", "", " ", "\t "])}\r\n`;
}

/** Any bytes: those that look like framing, too. */
function textOf(random: Random, longest: number): string {
  let text = "";
  for (let missing = random.below(longest + 1); missing > 0;) {
    const piece = random.chance(0.2)
      ? random.oneOf(["\r\n", "\r\n\r\n", "0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\0", "5\r\n"])
      : String.fromCharCode(random.below(256)).repeat(1 + random.below(9));
    text += piece.slice(0, missing);
    missing -= Math.min(missing, piece.length);
  }
  return text;
}

function shuffle<Value>(values: Value[], random: Random): void {
  for (let at = values.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [values[at], values[other]] = [values[other] as Value, values[at] as Value];
  }
}
