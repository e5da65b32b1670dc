import { answerFrom, fieldOf } from "./answer.ts";
import { type BodyEnd, type BodySender, sendBody } from "./body-sender.ts";
import { BodyStream, streamOf } from "./body-stream.ts";
import type { Connection, User } from "./connection.ts";
import { keptMs } from "./keep-alive.ts";
import type { Pool } from "./pool.ts";
import { type AnyRequest, type Client, isStreamed, serialized, type StreamedBody } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";
import { ResponseParser } from "./response-parser.ts";
import type { Silence } from "./silence.ts";

/** What became of a request. `refused`: nothing was sent. `broken`: the server may have acted on it. */
export type Exchanged = Answered | { state: "refused" } | { state: "broken"; reason: string } | { state: "abandoned" };

export type Answered = { readonly state: "answered"; readonly head: ResponseHead; readonly response: Response };

/** Is told what happens to a request, and must not change what it sees: those are the bytes that others get. */
export type Witness = {
  /** A piece of a streamed request goes to the server. */
  sent(piece: Uint8Array): void;
  /** The answer's status and headers are there. */
  began(head: ResponseHead): void;
  /** A piece of the answer's body has come. */
  saw(piece: Uint8Array): void;
  /** Once: the answer is complete, or there will be none or no more of it. */
  ended(end: { state: "complete" } | Unanswered): void;
};

type Unanswered = Exclude<Exchanged, { state: "answered" }>;

/** A body up to this length is waited for, when the server says how long it is: a stream costs more than the whole rest. */
const maxWholeBytes = 64 * 1024;
/** An SSE comment: every client skips it (WHATWG HTML §9.2.6). */
const comment = new TextEncoder().encode(":\n\n");

/**
 * Sends a request to the server at `url` (scheme and authority) on a connection of the pool. Throws when the request cannot
 * be written down, never rejects. A streamed body is not asked for before there is a connection.
 */
export function exchange<Asked extends AnyRequest>(
  request: Asked,
  url: string,
  pool: Pool,
  witness?: Witness,
  settle?: Settle<Asked>,
): Promise<Exchanged> {
  const running = new Exchange(request, url, pool, witness, settle);
  running.begin();
  return running.result;
}

/** What becomes of an answer to what was asked of a server, before anybody waits for it. */
export type Settle<Asked> = (answered: Answered, asked: Asked, url: string) => Answered | Promise<Exchanged>;

/** One request and its answer, to the last byte of it. A class, since one lives for each open stream. */
class Exchange<Asked extends AnyRequest> implements User {
  readonly result: Promise<Exchanged>;
  readonly #resolve: (exchanged: Exchanged | Promise<Exchanged>) => void;
  readonly #settle: Settle<Asked> | undefined;
  /** Until there is an answer. */
  #asked: Asked | undefined;
  readonly #pool: Pool;
  readonly #url: string;
  readonly #client: Client;
  /** What the client's signal says is heard. */
  #isHeeded = false;
  readonly #parser: ResponseParser;
  /** As it is written down, until there is anything of an answer. */
  #request: string | Buffer | undefined;
  /** RFC 9110 §9.2.2 */
  readonly #mayRepeat: boolean;
  readonly #body: StreamedBody | undefined;
  /** While a streamed body is on its way. */
  #sender: BodySender | undefined;
  readonly #witness: Witness | undefined;
  readonly #silence: Silence | undefined;
  #connection: Connection | undefined;
  /** What has come of a body that the client does not have yet. */
  #pieces: Uint8Array[] = [];
  #stream: BodyStream | undefined;
  /** The witness knows that there is an answer. */
  #isShown = false;

  constructor(
    request: Asked,
    url: string,
    pool: Pool,
    witness: Witness | undefined,
    settle: Settle<Asked> | undefined,
  ) {
    const { promise, resolve } = Promise.withResolvers<Exchanged>();
    this.result = promise;
    this.#resolve = resolve;
    this.#settle = settle;
    this.#asked = request;
    this.#request = serialized(request, url.slice(url.indexOf("://") + "://".length));
    this.#body = isStreamed(request.body) ? request.body : undefined;
    this.#mayRepeat = request.method !== "POST" && request.method !== "PATCH" && !this.#body;
    this.#witness = witness;
    this.#silence = request.silence;
    this.#client = request.client;
    this.#url = url;
    this.#pool = pool;
    this.#parser = new ResponseParser(request.method);
  }

  begin(): void {
    for (let idle = this.#pool.idle(this.#url); idle; idle = this.#pool.idle(this.#url)) {
      if (this.#sendOn(idle)) return;
      idle.destroy();
    }
    this.#connect();
  }

  opened(): void {
    if (this.#connection && !this.#sendOn(this.#connection)) this.#fail("closed");
  }

  refused(): void {
    this.#finish({ state: "refused" });
  }

  received(bytes: Buffer): void {
    this.#request = undefined;
    const parsed = this.#parser.feed(bytes);
    if (parsed.state === "malformed") {
      this.#fail(`its answer is malformed: ${parsed.reason}`);
    } else {
      if (this.#witness) this.#show(this.#witness, parsed.body);
      if (this.#stream) this.#stream.write(parsed.body);
      else for (const piece of parsed.body) this.#pieces.push(piece);
      if (parsed.state === "complete") this.#complete();
      else if (!this.#stream) this.#answerEarly();
    }
  }

  drained(): void {
    this.#sender?.drained();
  }

  closed(reason: string | undefined): void {
    // The server may have closed an idle connection before the request came. Where that is no harm, it is asked once more.
    if (this.#request !== undefined && this.#connection?.isReused && this.#mayRepeat) {
      this.#connect();
      return;
    }
    if (reason === undefined && this.#parser.ends() === "complete") this.#complete();
    else this.#fail(reason ?? "it ended before its answer did");
  }

  lasts(): void {
    if (this.#isHeeded) return;
    this.#isHeeded = true;
    const { signal } = this.#client;
    if (signal.aborted) this.handleEvent();
    else signal.addEventListener("abort", this);
  }

  /** The client has gone, or the gateway wants to be rid of it: then the client sees an end, and no failure. */
  handleEvent(): void {
    this.#leave();
    this.#stream?.end();
    this.#witness?.ended({ state: "abandoned" });
    this.#resolve({ state: "abandoned" });
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  ends(): void {
    this.#silence?.ends();
  }

  abandon(): void {
    this.#leave();
    this.ends();
    this.#witness?.ended({ state: "abandoned" });
  }

  #connect(): void {
    this.#connection = this.#pool.open(this.#url, this);
    if (!this.#connection) this.#finish({ state: "refused" });
  }

  #sendOn(connection: Connection): boolean {
    connection.user = this;
    this.#connection = connection;
    if (this.#request === undefined || !connection.send(this.#request)) return false;
    if (this.#body) {
      this.#sender = sendBody(this.#body, connection, {
        piece: (piece) => this.#witness?.sent(piece),
        end: (how) => this.#bodyEnded(how),
      });
    }
    return true;
  }

  #bodyEnded(how: BodyEnd): void {
    if (how === "sent") this.#sender = undefined;
    if (how === "given-up") this.#finish({ state: "abandoned" });
    if (how === "wrong-length") this.#fail("the request's body has not the length that it said");
  }

  #show(witness: Witness, body: readonly Uint8Array[]): void {
    const { head } = this.#parser;
    if (!head) return;
    if (!this.#isShown) witness.began(head);
    this.#isShown = true;
    for (const piece of body) witness.saw(piece);
  }

  /** Before the body is complete: as soon as the client can use it. */
  #answerEarly(): void {
    const { head } = this.#parser;
    if (!head || (head.framing.kind === "fixed" && head.framing.bytes <= maxWholeBytes)) return;
    // Bun.serve holds the end of the headers back until the first byte of a body, and a session's stream may be silent for
    // hours, while some clients wait for its headers before they do anything else.
    if (this.#asked?.method === "GET" && fieldOf(head, "content-type")?.startsWith("text/event-stream")) {
      this.#pieces.unshift(comment);
    }
    if (this.#pieces.length === 0) return;
    this.#silence?.goesOn();
    this.#stream = new BodyStream(this, this.#pieces);
    this.#pieces = [];
    this.#answer(head, streamOf(this.#stream));
  }

  #complete(): void {
    const { head } = this.#parser;
    if (!head) return;
    this.#release(keptMs(fieldOf(head, "keep-alive")));
    this.#witness?.ended({ state: "complete" });
    if (this.#stream) {
      this.#stream.end();
      return;
    }
    this.#answer(head, this.#whole(head));
  }

  #answer(head: ResponseHead, body: Uint8Array | ReadableStream | null): void {
    const asked = this.#asked;
    const answered = { state: "answered", head, response: answerFrom(head, body, asked?.drops) } as const;
    this.#asked = undefined;
    this.#resolve(this.#settle && asked ? this.#settle(answered, asked, this.#url) : answered);
  }

  #whole(head: ResponseHead): Uint8Array | ReadableStream | null {
    const [first, second] = this.#pieces;
    if (!first) return null;
    // Bun.serve would give a type to bytes that have none, but not to a stream.
    if (fieldOf(head, "content-type") === undefined) return streamOf(new BodyStream(this, this.#pieces, "ended"));
    return second ? Buffer.concat(this.#pieces) : first;
  }

  #fail(reason: string): void {
    this.#finish({ state: "broken", reason });
  }

  #finish(exchanged: Unanswered): void {
    this.#leave();
    this.#stream?.break();
    this.#witness?.ended(exchanged);
    this.#resolve(exchanged);
  }

  /** The connection may carry the next request, if both sides are through with this one. */
  #release(serverIdleMs: number | undefined): void {
    const connection = this.#connection;
    if (!connection || !this.#parser.reusable || this.#sender) {
      this.#leave();
      return;
    }
    this.#connection = undefined;
    this.#heedNoMore();
    this.#pool.keep(connection, serverIdleMs);
  }

  #heedNoMore(): void {
    if (this.#isHeeded) this.#client.signal.removeEventListener("abort", this);
  }

  #leave(): void {
    this.#heedNoMore();
    this.#sender?.stop();
    this.#sender = undefined;
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#request = undefined;
  }
}
