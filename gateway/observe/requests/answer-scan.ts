import { type AnswerFailure, failureIn, mayHoldFailure } from "./answer-failure.ts";

/** Looks for what went wrong in an answer while it passes by. */
export type AnswerScan = {
  /** The next piece, which is not changed. */
  saw(piece: Uint8Array): void;
  /** The first failure so far. */
  failure(): AnswerFailure | undefined;
};

/** Of one message. A longer one passes unread: failures are short. */
const maxHeldBytes = 64 * 1024;

/** `contentType` of the answer: JSON is one message or a batch, an event stream has one in each event; anything else has none. */
export function answerScan(contentType: string | undefined): AnswerScan {
  // As nearly every server writes them.
  if (contentType === json) return new JsonScan();
  if (contentType === eventStream) return eventScan();
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === json) return new JsonScan();
  return type === eventStream ? eventScan() : noScan;
}

const json = "application/json";
const eventStream = "text/event-stream";
const noScan: AnswerScan = { saw() {}, failure: () => undefined };

/** A class, since there is one for each request. */
class JsonScan implements AnswerScan {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  saw(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#bytes > maxHeldBytes) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  failure(): AnswerFailure | undefined {
    const [first, second] = this.#pieces;
    if (!first) return undefined;
    const text = second ? Buffer.concat(this.#pieces) : first;
    return mayHoldFailure(text) ? failureIn(viewOf(text).toString()) : undefined;
  }
}

/** Keeps only what has come of an event that is not complete, mostly nothing. */
function eventScan(): AnswerScan {
  let begun: Buffer = Buffer.alloc(0);
  /** In an event that is too long. */
  let skipping = false;
  let failure: AnswerFailure | undefined;
  return {
    saw(piece) {
      if (failure !== undefined) return;
      // Nearly always: whole events, in which nothing has failed.
      if (begun.length === 0 && !skipping && endsWithEvent(piece) && !mayHoldFailure(piece)) return;
      const text = begun.length > 0 ? Buffer.concat([begun, piece]) : viewOf(piece);
      const start = skipping ? firstEnd(text) : 0;
      const end = start < 0 ? -1 : lastEnd(text);
      if (end > start) failure = failureInEvents(text.subarray(start, end));
      const rest = text.subarray(Math.max(start, end, 0));
      skipping = start < 0 || rest.length > maxHeldBytes;
      // The end of an event may be split, too.
      begun = skipping ? rest.subarray(1 - longestEnd) : rest;
    },
    failure: () => failure,
  };
}

function failureInEvents(events: Buffer): AnswerFailure | undefined {
  if (!mayHoldFailure(events)) return undefined;
  for (const event of events.toString().split(/\n\r?\n|\r\r/)) {
    const failure = failureIn(dataOf(event));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** WHATWG HTML §9.2.6 */
function dataOf(event: string): string {
  const lines = event.split(/\r\n|\r|\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length)).join("\n");
}

// The empty line after an event, in each of the spellings of a line's end.
const ends = ["\n\n", "\n\r\n", "\r\r"].map((end) => Buffer.from(end));
const longestEnd = 3;
const lf = 0x0a;

/** In the most common spelling. */
function endsWithEvent(piece: Uint8Array): boolean {
  return piece[piece.length - 1] === lf && piece[piece.length - 2] === lf;
}

/** Where the last complete event ends; -1 if there is none. */
function lastEnd(text: Buffer): number {
  return Math.max(...ends.map((end) => after(text.lastIndexOf(end), end)));
}

/** Where the first one ends. */
function firstEnd(text: Buffer): number {
  const found = ends.map((end) => after(text.indexOf(end), end)).filter((at) => at >= 0);
  return found.length > 0 ? Math.min(...found) : -1;
}

function after(at: number, end: Buffer): number {
  return at < 0 ? -1 : at + end.length;
}

function viewOf(piece: Uint8Array): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
