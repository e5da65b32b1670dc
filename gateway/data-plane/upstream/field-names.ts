import { hopByHop } from "./hop-by-hop.ts";

/** What a header of an answer is about: where the body ends, something else of this connection, or the message. */
export type FieldRole = "content-length" | "transfer-encoding" | "connection" | "hop-by-hop" | "message";

/** `name` in lower case. */
export type FieldName = { readonly name: string; readonly role: FieldRole };

/** Names that servers wrote, one for each place. */
const known = new Map<number, FieldName & { readonly written: string }>();
const maxKnown = 256;

/**
 * The name at this place of a head, which is a token (RFC 9110 §5.6.2). Servers write the same few names in the same way with each
 * answer, so mostly no text is made for it.
 */
export function fieldNameIn(text: string, from: number, until: number): FieldName {
  const place = ((until - from) << 16) | (text.charCodeAt(from) << 8) | text.charCodeAt(until - 1);
  const last = known.get(place);
  if (last !== undefined && text.startsWith(last.written, from)) return last;
  // A slice would keep the whole head.
  const written = Buffer.from(text.slice(from, until), "latin1").toString("latin1");
  const name = written.toLowerCase();
  if (known.size >= maxKnown) known.clear();
  const added = { written, name, role: roleOf(name) };
  known.set(place, added);
  return added;
}

function roleOf(name: string): FieldRole {
  if (name === "content-length" || name === "transfer-encoding" || name === "connection") return name;
  return hopByHop.has(name) ? "hop-by-hop" : "message";
}
