export const lf = 0x0a;
export const cr = 0x0d;
export const colon = 0x3a;

/**
 * What the lines of data of one event say (WHATWG HTML §9.2.6), joined by LF, with the space that may stand before it: what is
 * read here is JSON, where it means nothing. Undefined where there are none. Of one such line, as nearly every event has, this
 * is a view.
 */
export function dataIn(event: Buffer): Buffer | undefined {
  const first = nextData(event, 0);
  if (first < 0) return undefined;
  let end = lineEnd(event, first);
  let next = nextData(event, behindLineEnd(event, end));
  if (next < 0) return event.subarray(valueStart(first, end), end);
  const data = Buffer.allocUnsafe(event.length);
  let bytes = copy(event, valueStart(first, end), end, data, 0);
  for (; next >= 0; next = nextData(event, behindLineEnd(event, end))) {
    end = lineEnd(event, next);
    data[bytes] = lf;
    bytes = copy(event, valueStart(next, end), end, data, bytes + 1);
  }
  return data.subarray(0, bytes);
}

/** Its other lines, each with its end. */
export function allButData(event: Buffer): Buffer {
  const others = Buffer.allocUnsafe(event.length);
  let bytes = 0;
  for (let start = 0; start < event.length;) {
    const next = behindLineEnd(event, lineEnd(event, start));
    if (!isData(event, start)) bytes = copy(event, start, next, others, bytes);
    start = next;
  }
  return others.subarray(0, bytes);
}

/** CR LF, LF or CR (WHATWG HTML §9.2.5), or nothing, behind the first line. */
export function firstLineEnd(event: Buffer): Buffer {
  const end = lineEnd(event, 0);
  return event.subarray(end, behindLineEnd(event, end));
}

const field = Buffer.from("data");

/** Where the next line of data begins, of the line at `start` and those behind it; -1 if there is none. */
function nextData(event: Buffer, start: number): number {
  for (let at = start; at < event.length; at = behindLineEnd(event, lineEnd(event, at)))
    if (isData(event, at)) return at;
  return -1;
}

function isData(bytes: Uint8Array, start: number): boolean {
  // Byte by byte: whatever is made for a line costs more than all else here.
  if (bytes[start] !== 0x64 || bytes[start + 1] !== 0x61 || bytes[start + 2] !== 0x74 || bytes[start + 3] !== 0x61) {
    return false;
  }
  const next = bytes[start + field.length];
  return next === undefined || next === colon || next === lf || next === cr;
}

/** A field may have no colon, and so no value. */
function valueStart(line: number, end: number): number {
  return Math.min(line + field.length + 1, end);
}

/** Byte by byte, which is the cheapest for a few of them. Gives where the next ones go. */
function copy(bytes: Buffer, start: number, end: number, to: Buffer, toStart: number): number {
  for (let at = start; at < end; at++) to[toStart + at - start] = bytes[at] as number;
  return toStart + end - start;
}

function lineEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== lf && bytes[at] !== cr) at++;
  return at;
}

function behindLineEnd(bytes: Uint8Array, end: number): number {
  if (end === bytes.length) return end;
  return bytes[end] === cr && bytes[end + 1] === lf ? end + 2 : end + 1;
}
