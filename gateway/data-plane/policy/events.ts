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
      lines.cut(chunk, (line) => next(line, ready));
      limit(heldBytes + lines.heldBytes());
      return ready;
    },

    /** What is left when the stream is over. An event without its end is none, yet some parsers take it for one. */
    end(): Buffer[] {
      const rest = lines.rest();
      const ready: Buffer[] = [];
      if (rest.length > 0) next({ kind: "line", bytes: rest }, ready);
      release(ready);
      return ready;
    },
  };

  function next({ kind, bytes }: Line, ready: Buffer[]): void {
    if (isAtBeginning) {
      isAtBeginning = false;
      if (bytes.subarray(0, 3).equals(byteOrderMark)) {
        ready.push(bytes.subarray(0, 3));
        next({ kind: "line", bytes: bytes.subarray(3) }, ready);
        return;
      }
    }
    if (held.length === 0 && !isData(bytes)) {
      ready.push(bytes);
      return;
    }
    heldBytes += bytes.length;
    limit(heldBytes);
    const last = held.length - 1;
    if (kind === "tail") held[last] = Buffer.concat([held[last] as Buffer, bytes]);
    else held.push(bytes);
    if (kind === "blank") release(ready);
  }

  function release(ready: Buffer[]): void {
    const event = held;
    held = [];
    heldBytes = 0;
    for (const line of rewritten(event)) ready.push(line);
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
  // By bytes: a string for each line would cost more than all else here.
  if (line[0] !== 0x64 || line[1] !== 0x61 || line[2] !== 0x74 || line[3] !== 0x61) return false;
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
