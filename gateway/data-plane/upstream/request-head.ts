export type OutgoingRequest = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: string | null;
  /** Fires when the client goes away, in whatever phase. */
  readonly signal: AbortSignal;
};

/**
 * A whole HTTP/1.1 request (RFC 9112 §3). Text when it can go out as UTF-8, which is cheaper; bytes when a header value
 * holds Latin-1. Throws on whatever could end a line early: that is a bug of the caller, no answer would be safe.
 */
export function serialized({ method, target, headers, body }: OutgoingRequest, authority: string): string | Buffer {
  if (!/^[A-Z]+$/.test(method)) throw new Error("a request's method is not a token");
  let head = `${method} ${visible(target)} HTTP/1.1\r\nhost: ${authority}\r\n`;
  let isAscii = true;
  const all = headers.toJSON() as Record<string, string | string[]>;
  for (const name in all) {
    const value = String(all[name]);
    if (unusual.test(value)) {
      if (unsendable.test(value)) throw new Error(`a request's header ${name} cannot be sent`);
      isAscii = false;
    }
    head += `${name}: ${value}\r\n`;
  }
  if (body === null) head += "\r\n";
  else head += `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  if (isAscii) return body === null ? head : head + body;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body ?? "")]);
}

const unusual = /[^\t\x20-\x7e]/;
const unsendable = /[^\t\x20-\x7e\x80-\xff]/;

/** A target as it may stand in a request line; whatever else it holds is percent-encoded, so nothing can end the line. */
function visible(target: string): string {
  if (/^[\x21-\x7e]+$/.test(target)) return target;
  return target.toWellFormed().replace(/[^\x21-\x7e]+/g, (other) => encodeURIComponent(other));
}
