import { isObject } from "../message.ts";

export type Id = string | number;

/** The messages of a body: itself, or a batch's (revision 2025-03-26), however deep its arrays. */
export function* messagesIn(body: unknown): Generator<Record<string, unknown>> {
  const waiting = [body];
  for (const item of waiting) {
    if (Array.isArray(item)) for (const entry of item) waiting.push(entry);
    else if (isObject(item)) yield item;
  }
}

/**
 * Everything that some parser takes for `object[name]`. JSON-RPC's names are exact, but parsers differ: some ignore case,
 * U+017F and U+212A counting as s and k (CVE-2026-27896), others a NUL behind the name (GHSA-q382-vc8q-7jhj). Whoever
 * checks one spelling alone lets the other one by.
 */
export function readings(object: Record<string, unknown>, name: string): unknown[] {
  return Object.keys(object)
    .filter((key) => key === name || folded(key) === name)
    .map((key) => object[key]);
}

/** A request's id, when an answer can carry it. */
export function idIn(message: Record<string, unknown>): Id | null {
  const id = Object.hasOwn(message, "id") ? message.id : null;
  return typeof id === "string" || typeof id === "number" ? id : null;
}

/** Upper case first: U+017F has no lower case but an upper one, S. */
function folded(key: string): string {
  const nul = key.indexOf("\0");
  return (nul < 0 ? key : key.slice(0, nul)).toUpperCase().toLowerCase();
}
