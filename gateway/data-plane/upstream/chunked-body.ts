import { malformed, type ParseFailure } from "./parse-failure.ts";
import { Pieces } from "./pieces.ts";

/** Reads a chunked body (RFC 9112 §7.1) and the trailers after it, which are skipped. */
export type ChunkedBody = {
  /** Adds the payload of these bytes to `body`. `bytes`: how many belonged to the body when it is complete. */
  feed(bytes: Uint8Array, body: Uint8Array[]): { state: "open" } | { state: "complete"; bytes: number } | ParseFailure;
};

const maxSizeDigits = 8;
/** Of one size line with its extensions, and of all trailers. */
const maxExtensionBytes = 4 * 1024;
const maxTrailerBytes = 16 * 1024;

const cr = 0x0d;
const lf = 0x0a;

type Place =
  "size" | "extension" | "size LF" | "data" | "data CR" | "data LF" | "line" | "in line" | "line LF" | "end LF";

export function chunkedBody(): ChunkedBody {
  let place: Place = "size";
  let size = 0;
  let digits = 0;
  let skipped = 0;

  return { feed };

  function feed(bytes: Uint8Array, body: Uint8Array[]): ReturnType<ChunkedBody["feed"]> {
    const pieces = new Pieces(bytes, body);
    let at = 0;
    while (at < bytes.length) {
      if (place === "data") {
        const length = Math.min(size, bytes.length - at);
        pieces.add(at, at + length);
        at += length;
        size -= length;
        if (size === 0) place = "data CR";
        continue;
      }
      const isEnd = place === "end LF";
      const next = step(bytes[at] as number);
      at++;
      if (next === undefined) return malformed("the chunks are malformed");
      if (isEnd) {
        pieces.flush();
        return { state: "complete", bytes: at };
      }
      place = next;
    }
    pieces.flush();
    return openStill;
  }

  /** One byte of framing: where it leads, or undefined if it may not be here. */
  function step(byte: number): Place | undefined {
    switch (place) {
      case "size":
        return stepSize(byte);
      case "extension":
        return byte === cr ? "size LF" : skip(byte, maxExtensionBytes, "extension");
      case "line":
        return byte === cr ? "end LF" : skip(byte, maxTrailerBytes, "in line");
      case "in line":
        return byte === cr ? "line LF" : skip(byte, maxTrailerBytes, "in line");
      case "data CR":
        return byte === cr ? "data LF" : undefined;
      default:
        return byte === lf ? afterLine(place) : undefined;
    }
  }

  function afterLine(line: Place): Place {
    if (line === "size LF") return afterSize();
    return line === "data LF" ? "size" : "line";
  }

  function stepSize(byte: number): Place | undefined {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      digits++;
      size = size * 16 + digit;
      return digits <= maxSizeDigits ? "size" : undefined;
    }
    if (digits === 0) return undefined;
    if (byte === cr) return "size LF";
    return byte === 0x3b || byte === 0x20 || byte === 0x09 ? "extension" : undefined;
  }

  function afterSize(): Place {
    digits = 0;
    skipped = 0;
    return size > 0 ? "data" : "line";
  }

  /** Visible, white space or beyond ASCII: no other control may hide in what nobody reads. */
  function skip(byte: number, max: number, to: Place): Place | undefined {
    skipped++;
    return skipped <= max && (byte >= 0x20 || byte === 0x09) && byte !== 0x7f ? to : undefined;
  }
}

const openStill = { state: "open" } as const;

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
