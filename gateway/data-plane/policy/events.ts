import { allButData, dataIn, firstLineEnd } from "../../observe/requests/event-parts.ts";
import { HeldBytes } from "../../observe/requests/held-bytes.ts";
import { markSearch } from "../../observe/requests/mark-search.ts";
import { eventEnds } from "./event-ends.ts";

export type EventRule = {
  /** Of a line, or of an event from its first line of data on. */
  readonly maxHeldBytes: number;
  /** An event is read where one of these stands in it. None of them has the end of a line in it. */
  readonly marks: readonly Buffer[];
  /** The data to send instead; undefined: the event's bytes go on as they are. */
  rewrite(data: string): string | undefined;
};

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * An event stream (WHATWG HTML §9.2), its bytes in whatever pieces, with the data of some events rewritten. Whatever is
 * not data goes on as soon as its line is complete; from its first line of data on, an event is held until it ends.
 * Throws when more than `maxHeldBytes` would have to be held. What goes on as it is goes on in one piece, since there may
 * be as many events as bytes.
 */
export function eventRewriter({ maxHeldBytes, marks, rewrite }: EventRule) {
  /** What has come of a line, or of an event with data, that is not over. */
  const held = new HeldBytes();
  const findEnds = eventEnds();

  return {
    /** What can go on now that these bytes have come. */
    push(piece: Uint8Array): Buffer[] {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      const nextMark = markSearch(bytes, marks);
      const ready: Buffer[] = [];
      /** What is between them can go on. */
      let [from, to] = [0, 0];
      findEnds(bytes, {
        line(end) {
          if (held.length > 0) ready.push(takeHeld());
          to = end;
        },
        event(end) {
          limit(held.length + end - to);
          if (held.length > 0) {
            held.add(bytes.subarray(to, end));
            const event = takeHeld();
            ready.push(...(rewritten(event) ?? [event]));
            from = end;
          } else if (nextMark(to) < end) {
            const other = rewritten(bytes.subarray(to, end));
            if (other) {
              ready.push(bytes.subarray(from, to), ...other);
              from = end;
            }
          }
          to = end;
        },
      });
      if (to > from) ready.push(bytes.subarray(from, to));
      if (to < bytes.length) held.add(bytes.subarray(to));
      limit(held.length);
      return ready;
    },

    /** What is left when the stream is over. An event without its end is none, yet some parsers take it for one. */
    end(): Buffer[] {
      const rest = takeHeld();
      return rewritten(rest) ?? [rest];
    },
  };

  function takeHeld(): Buffer {
    const bytes = held.all();
    held.clear();
    return bytes;
  }

  /** Undefined: as it is. */
  function rewritten(event: Buffer): Buffer[] | undefined {
    const data = isMarkedAtAll(event) ? dataIn(event) : undefined;
    const text = data && isMarkedAtAll(data) ? rewrite(decoder.decode(data)) : undefined;
    return text === undefined ? undefined : [Buffer.from(`data: ${text}`), firstLineEnd(event), allButData(event)];
  }

  function isMarkedAtAll(bytes: Buffer): boolean {
    return marks.some((mark) => bytes.includes(mark));
  }

  function limit(bytes: number): void {
    if (bytes > maxHeldBytes) throw new Error(`an event is larger than ${maxHeldBytes} bytes`);
  }
}
