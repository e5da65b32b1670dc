import { cr, type Line, lf, lineCutter } from "./lines.ts";

export type EventRule = {
  /** Of a line of data, or of an event's held bytes. */
  readonly maxHeldBytes: number;
  /** Whether an event with this line of data is to be read at all. */
  mayMatter(line: Buffer): boolean;
  /** The data to send instead; undefined: the event's bytes go on as they are. */
  rewrite(data: string): string | undefined;
};

const byteOrderMark = Buffer.from("\ufeff");
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * An event stream (WHATWG HTML §9.2), its bytes in whatever pieces, with the data of some events rewritten. Whatever is
 * not data goes on as soon as its line is complete; from its first line of data on, an event is held until it ends.
 * Throws when more than `maxHeldBytes` would have to be held.
 */
export function eventRewriter({ maxHeldBytes, mayMatter, rewrite }: EventRule) {
  const lines = lineCutter();
  let held: Buffer[] = [];
  let heldBytes = 0;
  let isAtBeginning = true;

  return {
    /** What can go on now that these bytes have come. */
    push(chunk: Uint8Array): Buffer[] {
      const ready: Buffer[] = [];
      for (const line of lines.cut(chunk)) ready.push(...next(line));
      limit(heldBytes + lines.heldBytes());
      return ready;
    },

    /** What is left when the stream is over. An event without its end is none, yet some parsers take it for one. */
    end(): Buffer[] {
      const rest = lines.rest();
      return [...(rest.length > 0 ? next({ kind: "line", bytes: rest }) : []), ...release()];
    },
  };

  function next(line: Line): Buffer[] {
    if (isAtBeginning) {
      isAtBeginning = false;
      const { bytes } = line;
      if (bytes.subarray(0, 3).equals(byteOrderMark)) {
        return [bytes.subarray(0, 3), ...next({ kind: "line", bytes: bytes.subarray(3) })];
      }
    }
    if (held.length === 0 && !isData(line.bytes)) return [line.bytes];
    heldBytes += line.bytes.length;
    limit(heldBytes);
    const last = held.length - 1;
    if (line.kind === "tail") held[last] = Buffer.concat([held[last] as Buffer, line.bytes]);
    else held.push(line.bytes);
    return line.kind === "blank" ? release() : [];
  }

  function release(): Buffer[] {
    const event = held;
    held = [];
    heldBytes = 0;
    return rewritten(event);
  }

  function rewritten(event: Buffer[]): Buffer[] {
    const data = event.filter(isData);
    if (!data.some(mayMatter)) return event;
    const text = rewrite(data.map(dataIn).join("\n"));
    if (text === undefined) return event;
    return event.flatMap((line) => {
      if (line === data[0]) return [Buffer.from(`data: ${text}`), endOf(line)];
      return isData(line) ? [] : [line];
    });
  }

  function limit(bytes: number) {
    if (bytes > maxHeldBytes) throw new Error(`an event is larger than ${maxHeldBytes} bytes`);
  }
}

function isData(line: Buffer): boolean {
  if (line.toString("latin1", 0, 4) !== "data") return false;
  const next = line[4];
  return next === undefined || next === 0x3a || next === lf || next === cr;
}

/** With the space that may stand behind the colon: what is read here is JSON, where it means nothing. */
function dataIn(line: Buffer): string {
  return decoder.decode(line.subarray(5, line.length - endOf(line).length));
}

function endOf(line: Buffer): Buffer {
  let end = line.length;
  while (end > 0 && (line[end - 1] === lf || line[end - 1] === cr)) end--;
  return line.subarray(end);
}
