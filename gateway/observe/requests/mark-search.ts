/**
 * Where the first of the marks is at or behind a place; the bytes' length if there is none. Places are asked for from first to last,
 * so that nothing is searched twice, however many there are.
 */
export function markSearch(bytes: Uint8Array, marks: readonly Buffer[]): (from: number) => number {
  const found = marks.map(() => -1);
  return (from) => {
    let first = bytes.length;
    for (let i = 0; i < marks.length; i++) {
      let at = found[i] as number;
      if (at < from) {
        at = indexOf.call(bytes, marks[i] as Buffer, from);
        if (at < 0) at = bytes.length;
        found[i] = at;
      }
      if (at < first) first = at;
    }
    return first;
  };
}

/** Works on any bytes; to make a Buffer of them would cost more than the search. */
const indexOf: (this: Uint8Array, mark: Buffer, from: number) => number = Buffer.prototype.indexOf;
