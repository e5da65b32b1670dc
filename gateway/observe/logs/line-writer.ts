import { write, writeSync } from "node:fs";

/** Lines on their way to a file descriptor. Disposal waits a moment for those that are left. */
export type LineWriter = AsyncDisposable & {
  /** `line` ends with a newline. */
  write(line: string): void;
  /** It gets its newline here: added to a text, that would cost a copy of it. */
  writeLine(text: string): void;
};

type WriteTo = (
  fd: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

/** Of the lines that wait; as many again may be on their way. */
const usualBytes = 512 * 1024;
/** How long a line waits for others. */
const gatherMs = 50;
/** When a pipe that is full is tried again. */
const fullMs = 20;
const newline = 0x0a;
/** How long an end waits for whoever reads. */
const closeMs = 1000;

/**
 * Gathers lines and writes them together, so that few of them cost a system call and none is waited for. `onDropped` hears of
 * each for which there is no room, because whoever reads is slow or stands still. A process that exits by itself writes what is
 * left; a killed one loses what has waited.
 */
export function lineWriter(
  fd: number,
  onDropped: () => void,
  bytes = usualBytes,
  writeTo: WriteTo = write,
): LineWriter {
  let filling = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  let away = Buffer.allocUnsafeSlow(bytes);
  /** What of `away` is not written yet. */
  let [from, until] = [0, 0];
  let timer: Timer | undefined;
  let onIdle: (() => void) | undefined;
  let isHooked = false;

  return {
    write(line) {
      if (!hasRoom(line, 0)) return;
      filled += filling.write(line, filled);
    },
    writeLine(text) {
      if (!hasRoom(text, 1)) return;
      filled += filling.write(text, filled);
      filling[filled++] = newline;
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", writeRest);
      const { promise, resolve } = Promise.withResolvers<void>();
      const limit = setTimeout(resolve, closeMs);
      onIdle = resolve;
      send();
      await promise;
      clearTimeout(limit);
    },
  };

  /** Also sees to it that what is written now is sent. */
  function hasRoom(text: string, more: number): boolean {
    const room = bytes - filled - more;
    // A character takes three bytes at most, so mostly this is enough to know.
    if (text.length * 3 > room && Buffer.byteLength(text) > room) {
      onDropped();
      return false;
    }
    if (!isHooked) process.on("exit", writeRest);
    isHooked = true;
    timer ??= setTimeout(send, gatherMs);
    return true;
  }

  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    if (from < until) return;
    if (filled === 0) {
      onIdle?.();
      return;
    }
    [filling, away] = [away, filling];
    [from, until, filled] = [0, filled, 0];
    go();
  }

  function go(): void {
    writeTo(fd, away.subarray(from, until), (error, written) => {
      if (error?.code === "EAGAIN") {
        setTimeout(go, fullMs);
        return;
      }
      // Nobody reads any more, or the disk is full: there is nowhere left to say so.
      from = error ? until : from + written;
      if (from < until) go();
      else send();
    });
  }

  /** Of what is on its way nobody can tell how far it came. */
  function writeRest(): void {
    if (filled > 0) writeSync(fd, filling, 0, filled);
  }
}
