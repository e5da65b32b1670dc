export const lf = 0x0a;
export const cr = 0x0d;

/** `tail`: the LF of a CR LF whose CR came with the bytes before; it belongs to the line that ended there. */
export type Line = { readonly kind: "line" | "blank" | "tail"; readonly bytes: Buffer };

/** Cuts bytes that come in whatever pieces into lines, each with its end: CR LF, LF or CR (WHATWG HTML §9.2.5). */
export function lineCutter() {
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  let isAfterCr = false;

  return {
    /** What is given are views of the chunk, where it holds the whole line. */
    cut(chunk: Uint8Array, next: (line: Line) => void): void {
      if (chunk.length === 0) return;
      let start = 0;
      if (isAfterCr && chunk[0] === lf) next({ kind: "tail", bytes: viewOf(chunk, 0, ++start) });
      isAfterCr = false;
      for (let end = endOfLine(chunk, start); end > 0; end = endOfLine(chunk, start)) {
        isAfterCr = end === chunk.length && chunk[end - 1] === cr;
        const bytes = pieces.length > 0 ? take(chunk.subarray(start, end)) : viewOf(chunk, start, end);
        next({ kind: bytes[0] === lf || bytes[0] === cr ? "blank" : "line", bytes });
        start = end;
      }
      if (start === chunk.length) return;
      pieces.push(chunk.subarray(start));
      heldBytes += chunk.length - start;
    },

    heldBytes: () => heldBytes,

    /** The line that has not ended. */
    rest: (): Buffer => take(new Uint8Array()),
  };

  function take(last: Uint8Array): Buffer {
    const line = Buffer.concat([...pieces, last]);
    pieces = [];
    heldBytes = 0;
    return line;
  }
}

/** Nothing is copied: there may be as many lines as bytes. */
function viewOf(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** The index behind the end of the line that `start` is in; 0 when it does not end here. */
function endOfLine(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === lf) return at + 1;
    if (bytes[at] === cr) return bytes[at + 1] === lf ? at + 2 : at + 1;
  }
  return 0;
}
