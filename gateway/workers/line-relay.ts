import { write } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const newline = 10;
/** When a pipe that is full is tried again. */
const fullMs = 20;
/** No line of a gateway is as long: what is longer goes on in pieces. */
const maxHeldBytes = 1024 * 1024;

/**
 * Brings lines of several programs to one file descriptor, each whole: what programs write to a pipe that they share is mixed
 * within lines. Reads no faster than it can write, so whoever writes too much notices.
 */
export function lineRelay(fd: number) {
  let turn = Promise.resolve();

  return {
    /** `line` ends with a newline. */
    write: (line: string) => void put(Buffer.from(line)),

    /** Until the program has closed its end. */
    async pass(lines: ReadableStream<Uint8Array>): Promise<void> {
      let held: Buffer = Buffer.alloc(0);
      for await (const chunk of lines) {
        const bytes =
          held.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([held, chunk]);
        const whole = bytes.length > maxHeldBytes ? bytes.length : bytes.lastIndexOf(newline) + 1;
        held = bytes.subarray(whole);
        if (whole > 0) await put(bytes.subarray(0, whole));
      }
      if (held.length > 0) await put(Buffer.concat([held, Buffer.from("\n")]));
    },

    /** Resolves when all that was to be written is. */
    written: () => turn,
  };

  function put(bytes: Uint8Array): Promise<void> {
    turn = turn.then(() => writeWhole(bytes));
    return turn;
  }

  async function writeWhole(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const { promise, resolve } = Promise.withResolvers<number | "full" | "gone">();
      write(fd, bytes.subarray(from), (error, written) => {
        if (!error) resolve(written);
        else resolve(error.code === "EAGAIN" ? "full" : "gone");
      });
      const written = await promise;
      // Nobody reads any more: there is nowhere left to say so.
      if (written === "gone") return;
      if (written === "full") await sleep(fullMs);
      else from += written;
    }
  }
}
