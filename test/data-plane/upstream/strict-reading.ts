/**
 * What RFC 9112 and the limits of `response-parser.ts` leave of some bytes as the answer to one request. Written for tests, from the
 * RFC and with nothing of the parser: all bytes at once, line by line.
 */
export type Reading = {
  /** `unfinished`: more must come. `until-close`: the end of the connection is the end of the answer. */
  readonly state: "complete" | "unfinished" | "until-close" | "malformed";
  readonly status: number | undefined;
  /** What may be given to the client; of a malformed answer, what comes before the place where that shows. */
  readonly body: string;
  /** The next answer may come on the same connection. */
  readonly reusable: boolean;
};

const maxHeadBytes = 32 * 1024;
const maxFields = 128;
const maxInterimAnswers = 8;
const maxExtensionBytes = 4 * 1024;
const maxTrailerBytes = 16 * 1024;

export function strictReading(bytes: Buffer, method: string): Reading {
  let rest = bytes.toString("latin1");
  for (let interim = 0; interim <= maxInterimAnswers; interim++) {
    const end = rest.indexOf("\r\n\r\n");
    if (end > maxHeadBytes || (end < 0 && rest.length > maxHeadBytes)) return malformed();
    // Whether it shows already that this will be nothing is of no weight: it is no answer.
    if (end < 0) return { state: "unfinished", status: undefined, body: "", reusable: false };
    const head = readHead(rest.slice(0, end).split("\r\n"));
    if (!head || head.status === 101) return malformed();
    rest = rest.slice(end + 4);
    if (head.status >= 200) return readBody(head, rest, method);
  }
  return malformed();
}

type Head = { status: number; isLatest: boolean; fields: readonly (readonly [name: string, value: string])[] };

function readHead([start = "", ...lines]: string[]): Head | undefined {
  if (![start, ...lines].every(isText) || lines.length > maxFields) return undefined;
  const [version, code = "", ...reason] = start.split(" ");
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") return undefined;
  if (code.length !== 3 || !isMadeOf(code, digits) || code < "100" || code > "599") return undefined;
  if (reason.length === 0 && start.length !== "HTTP/1.1 200".length) return undefined;
  const fields: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (name === "" || !isMadeOf(name, tokenCharacters)) return undefined;
    fields.push([name, trimmed(line.slice(colon + 1))]);
  }
  return { status: Number(code), isLatest: version === "HTTP/1.1", fields };
}

function readBody({ status, isLatest, fields }: Head, rest: string, method: string): Reading {
  const valuesOf = (wanted: string) => fields.filter(([name]) => name === wanted).map(([, value]) => value);
  const lengths = valuesOf("content-length");
  const codings = valuesOf("transfer-encoding");
  const [length] = lengths;
  if (lengths.length > 1 || codings.length > 1 || lengths.length + codings.length > 1) return malformed(status);
  if (length !== undefined && (!isMadeOf(length, digits) || length.length < 1 || length.length > 15))
    return malformed(status);
  if (codings.length > 0 && (codings[0]?.toLowerCase() !== "chunked" || !isLatest)) return malformed(status);
  const isLast = valuesOf("connection").some((value) =>
    value.split(",").some((option) => trimmed(option).toLowerCase() === "close"),
  );
  const persistent = isLatest && !isLast;
  if (method === "HEAD" || status === 204 || status === 304) {
    const isAnnounced = method !== "HEAD" && (codings.length > 0 || Number(length ?? 0) > 0);
    return { state: "complete", status, body: "", reusable: persistent && !isAnnounced && rest === "" };
  }
  if (codings.length > 0) return readChunks(rest, status, persistent);
  if (length === undefined) return { state: "until-close", status, body: rest, reusable: false };
  const body = rest.slice(0, Number(length));
  if (body.length < Number(length)) return { state: "unfinished", status, body, reusable: false };
  return { state: "complete", status, body, reusable: persistent && rest.length === body.length };
}

function readChunks(text: string, status: number, persistent: boolean): Reading {
  let body = "";
  for (let at = 0; ;) {
    const line = lineAt(text, at);
    const size = sizeIn(line);
    if (size === undefined) return malformed(status, body);
    if (!line.isWhole) return { state: "unfinished", status, body, reusable: false };
    if (size === 0) return readTrailers(text, line.next, { status, body, reusable: persistent });
    at = line.next + size;
    body += text.slice(line.next, at);
    const after = text.slice(at, at + 2);
    if (!"\r\n".startsWith(after)) return malformed(status, body);
    if (after.length < 2) return { state: "unfinished", status, body, reusable: false };
    at += 2;
  }
}

function readTrailers(text: string, from: number, reading: Omit<Reading, "state">): Reading {
  let bytes = 0;
  for (let at = from; ;) {
    const line = lineAt(text, at);
    bytes += line.text.length;
    if (line.isBad || bytes > maxTrailerBytes) return malformed(reading.status, reading.body);
    if (!line.isWhole) return { ...reading, state: "unfinished", reusable: false };
    at = line.next;
    if (line.text === "") return { ...reading, state: "complete", reusable: reading.reusable && at === text.length };
  }
}

/** As far as it has come; undefined when that can be no size. */
function sizeIn({ text, isBad, isWhole }: ReturnType<typeof lineAt>): number | undefined {
  let end = 0;
  while (end < text.length && hexDigits.includes(text[end] as string)) end++;
  const extension = text.slice(end);
  const isEmpty = end === 0 && (text !== "" || isWhole);
  const isNone = extension !== "" && !"; \t".includes(extension[0] as string);
  if (isBad || isEmpty || isNone || end > 8 || extension.length > maxExtensionBytes + 1) return undefined;
  return Number.parseInt(text.slice(0, end) || "0", 16);
}

/** The line that begins here, as far as it has come. Bad: what has come of it can be no line. */
function lineAt(text: string, at: number) {
  const length = text.slice(at).search(control);
  const end = length < 0 ? text.length : at + length;
  const ending = text.slice(end, end + 2);
  return {
    text: text.slice(at, end),
    isBad: !"\r\n".startsWith(ending),
    isWhole: ending === "\r\n",
    next: end + 2,
  };
}

const digits = "0123456789";
const hexDigits = `${digits}abcdefABCDEF`;
const tokenCharacters = `${digits}abcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_\`|~`;

function isMadeOf(text: string, characters: string): boolean {
  for (const character of text) if (!characters.includes(character)) return false;
  return true;
}

// Only tab, space, visible characters and what is beyond ASCII may stand in a line.
const control = /[^\t\x20-\x7e\x80-\xff]/;

function isText(text: string): boolean {
  return !control.test(text);
}

/** Without the spaces and tabs around it, and nothing else. */
function trimmed(value: string): string {
  let [from, to] = [0, value.length];
  while (from < to && " \t".includes(value[from] as string)) from++;
  while (to > from && " \t".includes(value[to - 1] as string)) to--;
  return value.slice(from, to);
}

function malformed(status?: number, body = ""): Reading {
  return { state: "malformed", status, body, reusable: false };
}
