import { type FieldRole, fieldNameIn } from "./field-names.ts";
import { malformed, type ParseFailure } from "./parse-failure.ts";

/** Status line and fields of one answer. */
export type ResponseHead = {
  readonly state: "final";
  readonly status: number;
  /** In order: names in lower case, values as Latin-1 without the white space around them. */
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** The server lets the connection be used again. */
  readonly persistent: boolean;
};

export type Field = { readonly name: string; readonly role: FieldRole; readonly value: string };

/** Where the body ends (RFC 9112 §6.3). */
export type Framing = { kind: "fixed"; bytes: number } | { kind: "chunked" } | { kind: "until-close" };

export const maxHeadBytes = 32 * 1024;
const maxFields = 128;

// RFC 9112 §4. The version's digit decides on persistence; six and up are no statuses.
const statusLine = /HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n/y;
const versionPlace = "HTTP/1.".length;
const statusPlace = "HTTP/1.1 ".length;
// RFC 9110 §5.6.2 and §5.5. No white space before the colon, no folded lines, no controls.
const fieldLines = /(?:[!#$%&'*+\-.^_`|~\w]+:[\t\x20-\x7e\x80-\xff]*\r\n)*/y;

/**
 * A whole head, each line with its CRLF, without the empty line. `method` is the request's. Pure. All lines are looked at together and
 * then taken apart: a match for each would cost several times as much.
 */
export function parseHead(text: string, method: string): ResponseHead | { state: "interim" } | ParseFailure {
  statusLine.lastIndex = 0;
  if (!statusLine.test(text)) return malformed("the status line is malformed");
  const start = statusLine.lastIndex;
  fieldLines.lastIndex = start;
  fieldLines.test(text);
  if (fieldLines.lastIndex !== text.length) return malformed("a header line is malformed");
  const fields: Field[] = [];
  for (let at = start; at < text.length;) {
    if (fields.length === maxFields) return malformed("there are too many headers");
    const colon = text.indexOf(":", at);
    const end = text.indexOf("\r\n", colon);
    const { name, role } = fieldNameIn(text, at, colon);
    fields.push({ name, role, value: trimmed(text, colon + 1, end) });
    at = end + "\r\n".length;
  }
  const status = Number(text.slice(statusPlace, statusPlace + 3));
  // Nobody asked to switch protocols.
  if (status === 101) return malformed("it switches protocols");
  return status < 200 ? { state: "interim" } : framed(status, text[versionPlace] === "1", fields, method);
}

/** Without the white space around it, which is no other than spaces and tabs. */
function trimmed(text: string, from: number, until: number): string {
  let [start, end] = [from, until];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function framed(status: number, isLatest: boolean, fields: Field[], method: string): ResponseHead | ParseFailure {
  const claims = framingClaims(fields);
  if (claims.state === "malformed") return claims;
  const { length, isChunked, isLast } = claims;
  if (isChunked && length !== undefined) return malformed("there is a length and a transfer coding");
  if (isChunked && !isLatest) return malformed("HTTP/1.0 knows no transfer coding");
  const persistent = isLatest && !isLast;
  if (method === "HEAD" || status === 204 || status === 304) {
    // Whoever announces a body here may send it, and it would answer the next request.
    const isAnnounced = method !== "HEAD" && (isChunked || (length ?? 0) > 0);
    return { state: "final", status, fields, framing: empty, persistent: persistent && !isAnnounced };
  }
  if (isChunked) return { state: "final", status, fields, framing: chunked, persistent };
  if (length === undefined) return { state: "final", status, fields, framing: untilClose, persistent: false };
  return { state: "final", status, fields, framing: { kind: "fixed", bytes: length }, persistent };
}

type FramingClaims = { state: "read"; length: number | undefined; isChunked: boolean; isLast: boolean };

function framingClaims(fields: Field[]): FramingClaims | ParseFailure {
  const claims: FramingClaims = { state: "read", length: undefined, isChunked: false, isLast: false };
  for (const { role, value } of fields) {
    switch (role) {
      case "content-length":
        if (claims.length !== undefined) return malformed("there are two lengths");
        if (!/^\d{1,15}$/.test(value)) return malformed("the length is not a number");
        claims.length = Number(value);
        break;
      case "transfer-encoding":
        if (claims.isChunked || value.toLowerCase() !== "chunked") return malformed("the coding is not chunked");
        claims.isChunked = true;
        break;
      case "connection":
        if (/(?:^|[,\t ])close(?:$|[,\t ])/i.test(value)) claims.isLast = true;
    }
  }
  return claims;
}

const empty: Framing = { kind: "fixed", bytes: 0 };
const chunked: Framing = { kind: "chunked" };
const untilClose: Framing = { kind: "until-close" };
