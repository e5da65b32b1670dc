import { type ChunkedBody, chunkedBody } from "./chunked-body.ts";
import { malformed, type ParseFailure } from "./parse-failure.ts";
import { maxHeadBytes, parseHead, type ResponseHead } from "./response-head.ts";

/** What came out of some bytes: pieces of the body, in order. */
export type Parsed = { state: "open" | "complete"; body: Uint8Array[] } | ParseFailure;

/** Answers before the final one; more than this is no server we know (RFC 9110 §15.2). */
const maxInterimAnswers = 8;
const headEnd = "\r\n\r\n";
const beginning = Buffer.from("HTTP/1.");
const maxCopiedBytes = 1000;
const lf = 0x0a;
const cr = 0x0d;

/**
 * Reads one HTTP/1.1 answer from bytes as they come (RFC 9112). Strict: what two readers could understand differently is
 * `malformed`, and it stays so. Never throws. A class, since one lives for each open stream.
 */
export class ResponseParser {
  /** Of the final answer, as soon as it is known. */
  head: ResponseHead | undefined;
  /** More bytes came than the answer has: whatever they are, they answer nothing that was asked. */
  surplus = false;

  readonly #method: string;
  #pending: Buffer | undefined;
  #interimAnswers = 0;
  #missingBytes = 0;
  #chunks: ChunkedBody | undefined;
  #complete = false;
  #failure: ParseFailure | undefined;

  /** `method` of the request: HEAD is answered without a body. */
  constructor(method: string) {
    this.#method = method;
  }

  feed(bytes: Buffer): Parsed {
    const parsed = this.#failure ?? (this.head ? this.#feedBody(bytes) : this.#feedHead(bytes));
    if (parsed.state === "malformed") {
      this.#failure = parsed;
      this.#pending = undefined;
    }
    return parsed;
  }

  /** The peer has closed: the end of an answer that lasts until then, the loss of any other. */
  ends(): "complete" | "broken" {
    return this.#complete || (this.head?.framing.kind === "until-close" && !this.#failure) ? "complete" : "broken";
  }

  /** The answer is complete, and the next one may come on the same connection. */
  get reusable(): boolean {
    return this.#complete && !this.surplus && this.head?.persistent === true;
  }

  #feedHead(bytes: Buffer): Parsed {
    let searchFrom = 0;
    let text = bytes;
    if (this.#pending) {
      searchFrom = Math.max(0, this.#pending.length - headEnd.length);
      text = Buffer.concat([this.#pending, bytes]);
      this.#pending = undefined;
    }
    const end = text.indexOf(headEnd, searchFrom, "latin1");
    if (end < 0) {
      if (text.length > maxHeadBytes) return malformed("the head is too large");
      if (beginsOtherwise(text)) return malformed("the status line is malformed");
      if (hasBareLineFeed(text, searchFrom)) return malformed("a line ends without CR");
      this.#pending = text;
      return { state: "open", body: [] };
    }
    if (end > maxHeadBytes) return malformed("the head is too large");
    const head = parseHead(text.toString("latin1", 0, end + 2), this.#method);
    if (head.state === "malformed") return head;
    const bodyStart = end + headEnd.length;
    return head.state === "interim" ? this.#feedNext(text.subarray(bodyStart)) : this.#begin(head, text, bodyStart);
  }

  #feedNext(rest: Buffer): Parsed {
    this.#interimAnswers++;
    if (this.#interimAnswers > maxInterimAnswers) return malformed("too many interim answers");
    return rest.length > 0 ? this.#feedHead(rest) : { state: "open", body: [] };
  }

  #begin(head: ResponseHead, text: Buffer, bodyStart: number): Parsed {
    this.head = head;
    const { framing } = head;
    if (framing.kind === "fixed") this.#missingBytes = framing.bytes;
    if (framing.kind === "chunked") this.#chunks = chunkedBody();
    if (framing.kind === "fixed") return this.#feedFixed(text, bodyStart);
    return this.#feedBody(text.subarray(bodyStart));
  }

  #feedBody(bytes: Buffer): Parsed {
    if (this.#complete) return this.#finish(bytes.length, []);
    if (this.#chunks) {
      const body: Uint8Array[] = [];
      const read = this.#chunks.feed(bytes, body);
      if (read.state === "malformed") return read;
      return read.state === "complete" ? this.#finish(bytes.length - read.bytes, body) : { state: "open", body };
    }
    if (this.head?.framing.kind === "until-close") return { state: "open", body: bytes.length > 0 ? [bytes] : [] };
    return this.#feedFixed(bytes, 0);
  }

  #feedFixed(bytes: Buffer, from: number): Parsed {
    const there = bytes.length - from;
    const length = Math.min(this.#missingBytes, there);
    const body = length > 0 ? [pieceOf(bytes, from, length)] : [];
    this.#missingBytes -= length;
    return this.#missingBytes === 0 ? this.#finish(there - length, body) : { state: "open", body };
  }

  #finish(surplusBytes: number, body: Uint8Array[]): Parsed {
    this.#complete = true;
    if (surplusBytes > 0) this.surplus = true;
    return { state: "complete", body };
  }
}

/** A few bytes are copied: JavaScriptCore keeps them in the object itself, while a view makes it a buffer besides. */
function pieceOf(bytes: Buffer, from: number, length: number): Uint8Array {
  if (length === bytes.length) return bytes;
  if (length > maxCopiedBytes) return bytes.subarray(from, from + length);
  const piece = new Uint8Array(length);
  bytes.copy(piece, 0, from, from + length);
  return piece;
}

/** Found at once, since who greets in another protocol waits for an answer then, and so would the client. */
function beginsOtherwise(text: Buffer): boolean {
  const length = Math.min(text.length, beginning.length);
  return text.compare(beginning, 0, length, 0, length) !== 0;
}

/** Found at once, since the end of such a head would be waited for in vain. */
function hasBareLineFeed(text: Buffer, from: number): boolean {
  for (let at = text.indexOf(lf, from); at >= 0; at = text.indexOf(lf, at + 1)) {
    if (text[at - 1] !== cr) return true;
  }
  return false;
}
