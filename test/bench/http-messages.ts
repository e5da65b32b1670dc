/** What a reader of HTTP/1.1 messages calls, in this order, for each message. */
export type MessageSink = {
  /** First line and header fields, without the empty line. */
  head(text: string): void;
  /** Part of the body as it arrived; valid only during the call. */
  piece(bytes: Buffer): void;
  end(): void;
};

/**
 * Reads requests or answers from one connection, split anywhere (RFC 9112 §6: Content-Length or chunked; neither means no body).
 * For this bench's own two ends only: it trusts the framing and sets no limits.
 */
export function messageReader(sink: MessageSink): (bytes: Buffer) => void {
  let kept: Buffer | undefined;
  let reading: "head" | "sized" | "chunk size" | "chunk" | "chunk end" | "trailer" = "head";
  let remaining = 0;

  function head(text: string) {
    const size = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    reading = size !== undefined ? "sized" : /\r\ntransfer-encoding: *chunked/i.test(text) ? "chunk size" : "head";
    remaining = Number(size ?? 0);
    sink.head(text);
    if (reading === "head" || (reading === "sized" && remaining === 0)) end();
  }

  function end() {
    reading = "head";
    sink.end();
  }

  /** How many bytes of `buffer` from `at` on it used; 0: more are needed. */
  function step(buffer: Buffer, at: number): number {
    if (reading === "sized" || reading === "chunk") {
      const bytes = buffer.subarray(at, at + remaining);
      remaining -= bytes.length;
      sink.piece(bytes);
      if (remaining > 0) return bytes.length;
      if (reading === "sized") end();
      else reading = "chunk end";
      return bytes.length;
    }
    const mark = reading === "head" ? emptyLine : lineEnd;
    const found = buffer.indexOf(mark, at);
    if (found < 0) return 0;
    if (reading === "head") head(buffer.toString("latin1", at, found));
    else if (reading === "chunk end") reading = "chunk size";
    else if (reading === "trailer") {
      if (found === at) end();
    } else {
      remaining = Number.parseInt(buffer.toString("latin1", at, found), 16);
      reading = remaining === 0 ? "trailer" : "chunk";
    }
    return found - at + mark.length;
  }

  return (bytes) => {
    const buffer = kept === undefined ? bytes : Buffer.concat([kept, bytes]);
    kept = undefined;
    let at = 0;
    while (at < buffer.length) {
      const used = step(buffer, at);
      if (used === 0) {
        kept = buffer.subarray(at);
        return;
      }
      at += used;
    }
  };
}

/** The value of a header field, or undefined. */
export const field = (head: string, name: string): string | undefined =>
  new RegExp(`\\r\\n${name}: *([^\\r]*)`, "i").exec(head)?.[1];

const emptyLine = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");
