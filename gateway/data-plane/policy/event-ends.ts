import { colon, cr, lf } from "../../observe/requests/event-parts.ts";

export type EventEnds = {
  /** A line outside of any event with data ends here; so do the mark before the first, and the LF of a CR LF. */
  line(end: number): void;
  /** An event ends here that has been going on since its first line of data. */
  event(end: number): void;
};

/** What a stream may begin with, and, without the byte order mark, every line. */
const beginning = Buffer.from("\ufeffdata");
/** Where the next byte stands: behind so many of these, or as follows. */
const streamStart = 0;
const lineStart = Buffer.byteLength("\ufeff");
const nameEnd = beginning.length;
/** The next line begins here, or with the LF that comes. */
const behindCr = nameEnd + 1;
/** In a line whose kind is known. */
const inData = nameEnd + 2;
const inOther = nameEnd + 3;

/**
 * Finds the ends of lines and events in an event stream (WHATWG HTML §9.2) that comes in whatever pieces. Makes nothing:
 * there may be as many as bytes.
 */
export function eventEnds(): (bytes: Uint8Array, ends: EventEnds) => void {
  let lastPlace = streamStart;
  let isInEvent = false;

  return (bytes, ends) => {
    let place = lastPlace;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === lf || byte === cr) {
        lineEnded(place, byte, at + 1, ends);
        place = byte === cr ? behindCr : lineStart;
      } else if (place < inData) {
        place = placeBehind(place, byte);
        if (place === lineStart) ends.line(at + 1);
      }
    }
    lastPlace = place;
  };

  function lineEnded(place: number, byte: number, end: number, ends: EventEnds): void {
    const isBlank = place === lineStart || (place === behindCr && byte === cr);
    if (place === inData || place === nameEnd) isInEvent = true;
    else if (!isInEvent) ends.line(end);
    else if (isBlank) {
      isInEvent = false;
      ends.event(end);
    }
  }
}

function placeBehind(place: number, byte: number): number {
  if (place === nameEnd) return byte === colon ? inData : inOther;
  if (byte === beginning[place]) return place + 1;
  const isAtStart = place === streamStart || place === behindCr;
  return isAtStart && byte === beginning[lineStart] ? lineStart + 1 : inOther;
}
