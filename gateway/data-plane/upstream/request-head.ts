import type { HeaderFields } from "../../auth/header-fields.ts";
import type { Silence } from "./silence.ts";

/**
 * Text and bytes go out whole, with their length. A stream goes out as it comes: with its length, which it has to keep, or in
 * chunks where `bytes` is undefined.
 */
export type RequestBody = string | Uint8Array | StreamedBody | null;
export type StreamedBody = { readonly stream: ReadableStream<Uint8Array>; readonly bytes: number | undefined };

/**
 * Whoever asked. The signal fires when it goes away, in whatever phase. It is looked at late: a request of Bun's makes it only then,
 * at the cost of a tenth of the whole way.
 */
export type Client = { readonly signal: AbortSignal };

export type OutgoingRequest<Body extends RequestBody = string | null> = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names are tokens: whoever made them has seen to it, as the parser of the request that they came with. */
  readonly headers: HeaderFields;
  readonly body: Body;
  readonly client: Client;
  /** Which headers of the answer go no further. Names are in lower case. */
  readonly drops?: (name: string) => boolean;
  /** Of the client's connection, where the answer goes to one. */
  readonly silence?: Silence | undefined;
};

export type AnyRequest = OutgoingRequest<RequestBody>;

/**
 * A whole HTTP/1.1 request (RFC 9112 §3), or all of it before a body that is streamed. Text when it can go out as UTF-8, which
 * is cheaper; bytes when a header value holds Latin-1. Throws on whatever could end a line early: that is a bug of the caller,
 * no answer would be safe.
 */
export function serialized({ method, target, headers, body }: AnyRequest, authority: string): string | Buffer {
  if (!/^[A-Z]+$/.test(method)) throw new Error("a request's method is not a token");
  let head = `${method} ${visible(target)} HTTP/1.1\r\nhost: ${authority}\r\n`;
  let isAscii = true;
  for (const name in headers) {
    const value = headers[name] as string;
    if (unusual.test(value)) {
      if (unsendable.test(value)) throw new Error(`a request's header ${name} cannot be sent`);
      isAscii = false;
    }
    // Each text that is put together is an object: three parts at a time make the fewest.
    head = `${head}${name}: ${value}\r\n`;
  }
  head += framing(body);
  const whole = isStreamed(body) ? "" : (body ?? "");
  if (typeof whole !== "string") return together(head, whole);
  return isAscii ? head + whole : together(head, Buffer.from(whole));
}

/** `head` is Latin-1, a byte for each character. */
function together(head: string, body: Uint8Array): Buffer {
  const all = Buffer.allocUnsafe(head.length + body.length);
  all.write(head, "latin1");
  all.set(body, head.length);
  return all;
}

export function isStreamed(body: RequestBody): body is StreamedBody {
  return body !== null && typeof body === "object" && "stream" in body;
}

const unusual = /[^\t\x20-\x7e]/;
const unsendable = /[^\t\x20-\x7e\x80-\xff]/;

/** Identity goes out as visible ASCII; whatever else a name holds is percent-encoded, so no value can end the header. */
export function headerSafe(value: string): string {
  return /^[\x20-\x7e]*$/.test(value)
    ? value
    : value.toWellFormed().replace(/[^\x20-\x7e]+/gu, (other) => encodeURIComponent(other));
}

/** A target as it may stand in a request line; whatever else it holds is percent-encoded, so nothing can end the line. */
function visible(target: string): string {
  if (/^[\x21-\x7e]+$/.test(target)) return target;
  return target.toWellFormed().replace(/[^\x21-\x7e]+/g, (other) => encodeURIComponent(other));
}

/** The last header, which says where the body ends (RFC 9112 §6), and the end of the head. */
function framing(body: RequestBody): string {
  if (body === null) return "\r\n";
  if (typeof body === "string") return `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const bytes = isStreamed(body) ? body.bytes : body.length;
  return bytes === undefined ? "transfer-encoding: chunked\r\n\r\n" : `content-length: ${bytes}\r\n\r\n`;
}
