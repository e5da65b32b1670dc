import type { Connection } from "./connection.ts";
import type { StreamedBody } from "./request-head.ts";

/** How a body came to its end. `given-up`: its source broke off, as when a client goes away. */
export type BodyEnd = "sent" | "given-up" | "wrong-length";

export type BodySender = {
  /** The server has taken what the connection was given. */
  drained(): void;
  /** Nothing more of it is wanted, and its end will not be told. */
  stop(): void;
};

/**
 * Sends a request's body behind its head, as it comes and no faster than the server takes it: one piece is held at a time.
 * When the server takes no more the rest is not asked for and nothing is told, since its answer may still be on the way.
 */
export function sendBody(
  { stream, bytes }: StreamedBody,
  connection: Connection,
  on: { piece: (piece: Uint8Array) => void; end: (how: BodyEnd) => void },
): BodySender {
  const reader = stream.getReader();
  const framing = bytes === undefined ? chunks : exactly(bytes);
  let isStopped = false;
  let taken = Promise.withResolvers<void>();
  void pump();

  return { drained: () => taken.resolve(), stop };

  function stop(): void {
    if (isStopped) return;
    isStopped = true;
    taken.resolve();
    reader.cancel().catch(() => {});
  }

  async function pump(): Promise<void> {
    do await room();
    while (carry(await next()));
  }

  async function room(): Promise<void> {
    if (isStopped || connection.isDrained) return;
    taken = Promise.withResolvers();
    await taken.promise;
  }

  function next(): Promise<Uint8Array | undefined | "given-up"> {
    return reader.read().then(
      ({ value }) => value,
      () => "given-up" as const,
    );
  }

  /** One piece, or the end behind the last. False when nothing follows. */
  function carry(piece: Uint8Array | undefined | "given-up"): boolean {
    if (isStopped) return false;
    if (piece === "given-up") return end("given-up");
    const framed = piece ? framing.piece(piece) : framing.last();
    if (!framed) return end("wrong-length");
    if (piece) on.piece(piece);
    const isTaken = framed.length === 0 || connection.send(framed);
    if (!isTaken) stop();
    return isTaken && (piece !== undefined || end("sent"));
  }

  function end(how: BodyEnd): false {
    if (how === "wrong-length") stop();
    isStopped = true;
    on.end(how);
    return false;
  }
}

/** How a body is written. Undefined: so it cannot be. */
type Framing = { piece(piece: Uint8Array): Uint8Array | undefined; last(): Uint8Array | undefined };

const nothing = new Uint8Array(0);
const lineEnd = Buffer.from("\r\n");
const lastChunk = Buffer.from("0\r\n\r\n");

/** RFC 9112 §7.1. A chunk without bytes would be the last one. */
const chunks: Framing = {
  piece: (piece) =>
    piece.length === 0 ? nothing : Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, lineEnd]),
  last: () => lastChunk,
};

function exactly(bytes: number): Framing {
  let missing = bytes;
  return {
    piece(piece) {
      missing -= piece.length;
      return missing < 0 ? undefined : piece;
    },
    last: () => (missing === 0 ? nothing : undefined),
  };
}
