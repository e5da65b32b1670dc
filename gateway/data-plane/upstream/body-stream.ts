/** The connection that a body comes from, as the body needs it. */
export type Source = {
  pause(): void;
  resume(): void;
  /** The last of the body goes to the client now. */
  ends(): void;
  /** Nobody reads the body any more. */
  abandon(): void;
};

/** How much is kept for a client whose response has not been begun yet. */
const maxWaitingBytes = 256 * 1024;

/**
 * A body on its way to the client. It is the source of one of Bun's direct streams: no queue of its own, `write` says when
 * the client is slow, and then the server is held back. A class, since one lives for each open stream.
 */
export class BodyStream {
  readonly type = "direct";
  readonly #source: Source;
  #client: Client | undefined;
  #waiting: Uint8Array[];
  #waitingBytes = 0;
  #end: "open" | "ended" | "broken";
  readonly #sent = Promise.withResolvers<void>();

  /** `first`: what has come of the body already; all of it if it has `ended`. */
  constructor(source: Source, first: Uint8Array[], end: "open" | "ended" = "open") {
    this.#source = source;
    this.#end = end;
    this.#waiting = first;
  }

  /** Pieces in order; they are sent on at once. */
  write(pieces: readonly Uint8Array[]): void {
    if (this.#client) this.#send(this.#client, pieces);
    else this.#keep(pieces);
  }

  end(): void {
    if (this.#end !== "open") return;
    this.#end = "ended";
    if (this.#client) this.#finish(this.#client);
  }

  /** The client sees a connection that breaks off, never an end. */
  break(): void {
    if (this.#end !== "open") return;
    this.#end = "broken";
    this.#waiting = [];
    // Bun prints every other reason, with a stack.
    if (this.#client) this.#sent.reject(null);
  }

  /** Called by Bun when the response begins. The stream is open until the promise is settled. */
  pull(client: Client): Promise<void> {
    this.#client = client;
    const isHeldBack = this.#waitingBytes > maxWaitingBytes;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (isHeldBack) this.#source.resume();
    this.#send(client, waiting);
    if (this.#end === "ended") this.#finish(client);
    if (this.#end === "broken") this.#sent.reject(null);
    return this.#sent.promise;
  }

  /** Called by Bun when the client has gone. */
  cancel(): void {
    if (this.#end !== "open") return;
    this.#end = "ended";
    this.#sent.resolve();
    this.#source.abandon();
  }

  /** Settling alone would do for Bun.serve, but not for somebody who reads the body here, as filters do. */
  #finish(client: Client): void {
    this.#source.ends();
    client.close();
    this.#sent.resolve();
  }

  #send(client: Client, pieces: readonly Uint8Array[]): void {
    let accepted: number | Promise<number> = 0;
    for (const piece of pieces) accepted = client.write(piece);
    if (typeof accepted === "number") {
      if (pieces.length > 0) void client.flush();
      return;
    }
    this.#source.pause();
    const resume = () => this.#source.resume();
    accepted.then(resume, resume);
  }

  #keep(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#waiting.push(piece);
      this.#waitingBytes += piece.length;
    }
    if (this.#waitingBytes > maxWaitingBytes) this.#source.pause();
  }
}

/** What Bun gives to a direct stream's source. */
type Client = {
  /** A promise when the client is slow: what was given is taken all the same, and more should wait for it. */
  write(chunk: Uint8Array): number | Promise<number>;
  flush(): number | Promise<number>;
  close(): void;
};

/** The types know a stream's source as a literal only. */
export function streamOf(source: BodyStream): ReadableStream {
  return new ReadableStream(source as never);
}
