import { type AnswerFailure, anyFailureMark, failureIn, mayHoldFailure } from "./answer-failure.ts";
import { cr, dataIn, lf } from "./event-parts.ts";
import { HeldBytes } from "./held-bytes.ts";
import { markSearch } from "./mark-search.ts";

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
  const begun = new HeldBytes();
  /** In an event that is too long. */
  let skipping = false;
  let failure: AnswerFailure | undefined;
  return {
    saw(piece) {
      if (failure !== undefined) return;
      // Nearly always: whole events, in which nothing has failed.
      if (begun.length === 0 && !skipping && endsWithEvent(piece) && !mayHoldFailure(piece)) return;
      const text = begun.length > 0 ? begunWith(piece) : viewOf(piece);
      // What came before was searched when it came, but for the end of an event that is split, too.
      const searchFrom = Math.max(0, text.length - piece.length - longestEnd + 1);
      const end = lastEnd(text, searchFrom);
      if (end >= 0) {
        failure = failureInEvents(text.subarray(skipping ? firstEnd(text) : 0, end));
        skipping = false;
      }
      if (end >= 0 || begun.length === 0) keep(text.subarray(Math.max(0, end)));
      if (begun.length > maxHeldBytes) skipping = true;
      if (skipping) keep(text.subarray(1 - longestEnd));
    },
    failure: () => failure,
  };

  function begunWith(piece: Uint8Array): Buffer {
    begun.add(piece);
    return begun.all();
  }

  function keep(rest: Buffer): void {
    begun.clear();
    begun.add(rest);
  }
}

/** Of events that came at once, so many that seem to hold a failure are looked at. Mostly there is one, and it does. */
const maxLooks = 1000;

function failureInEvents(events: Buffer): AnswerFailure | undefined {
  if (!mayHoldFailure(events)) return undefined;
  const nextMark = markSearch(events, [anyFailureMark]);
  const nextEnd = markSearch(events, ends);
  let from = 0;
  for (let looks = 0; looks < maxLooks; looks++) {
    const mark = nextMark(from);
    if (mark === events.length) return undefined;
    const start = Math.max(from, lastEnd(events.subarray(0, mark), from));
    from = behindEnd(events, nextEnd(mark));
    const event = events.subarray(start, from);
    const failure = mayHoldFailure(event) ? failureIn(dataIn(event)?.toString() ?? "") : undefined;
    if (failure !== undefined) return failure;
  }
  return undefined;
}

// The empty line after an event, in each of the spellings of a line's end.
const ends = ["\n\n", "\n\r\n", "\r\r"].map((end) => Buffer.from(end));
const longestEnd = 3;

/** In the most common spelling. */
function endsWithEvent(piece: Uint8Array): boolean {
  return piece[piece.length - 1] === lf && piece[piece.length - 2] === lf;
}

/** Where the last complete event ends, of those that do behind `from`; -1 if there is none. */
function lastEnd(text: Buffer, from: number): number {
  const searched = text.subarray(from);
  let last = -1;
  for (const end of ends) {
    const at = searched.lastIndexOf(end);
    if (at >= 0) last = Math.max(last, from + at + end.length);
  }
  return last;
}

/** Where the first one ends. */
function firstEnd(text: Buffer): number {
  return behindEnd(text, markSearch(text, ends)(0));
}

function behindEnd(text: Buffer, at: number): number {
  return text[at] === lf && text[at + 1] === cr ? at + 3 : at + 2;
}

function viewOf(piece: Uint8Array): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
