export class LineTooLong extends Error {}

/** Lines of a stream whose chunks may end anywhere, within a character too. What follows the last line break is dropped. */
export async function* linesOf(
  bytes: ReadableStream<Uint8Array>,
  maxLineBytes: number,
  onBytes: () => void,
): AsyncGenerator<string> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const chunk of bytes) {
    onBytes();
    let from = 0;
    for (let at = chunk.indexOf(lineBreak); at >= 0; at = chunk.indexOf(lineBreak, from)) {
      // Decoded line by line: a character is never in two of them.
      const line = Buffer.concat([...begun, chunk.subarray(from, at)]).toString("utf8");
      if (begunBytes + at - from > maxLineBytes) throw new LineTooLong(`a line is longer than ${maxLineBytes} bytes`);
      begun = [];
      begunBytes = 0;
      from = at + 1;
      if (line !== "") yield line;
    }
    begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    if (begunBytes > maxLineBytes) throw new LineTooLong(`a line is longer than ${maxLineBytes} bytes`);
  }
}

const lineBreak = 0x0a;
