import type { Listed } from "./listing.ts";

/** Few clients ask for a second page, so the first is large. */
export const entriesPerPage = 1000;

/** `unknown-cursor`: not one that `pageOf` gave out. */
export type Page =
  | { readonly state: "page"; readonly entries: readonly Listed[]; readonly nextCursor?: string }
  | { readonly state: "unknown-cursor" };

/**
 * One page of a listing. A cursor names the last entry that was shown and not a position, so every gateway can go on from
 * it, also when entries have come or gone since. In a list that is not sorted it is looked up; when it has gone, the page
 * is the last.
 */
export function pageOf(
  entries: readonly Listed[],
  cursor: string | undefined,
  { sorted, size = entriesPerPage }: { sorted: boolean; size?: number },
): Page {
  const last = cursor === undefined ? undefined : nameIn(cursor);
  if (cursor !== undefined && last === undefined) return { state: "unknown-cursor" };
  const rest = last === undefined ? entries : entriesAfter(entries, last, sorted);
  const page = rest.slice(0, size);
  const end = page.at(-1);
  return { state: "page", entries: page, ...(end && rest.length > size && { nextCursor: cursorFor(end.name) }) };
}

function entriesAfter(entries: readonly Listed[], last: string, sorted: boolean): readonly Listed[] {
  const next = sorted
    ? entries.findIndex(({ name }) => name > last)
    : entries.findIndex(({ name }) => name === last) + 1 || -1;
  return next < 0 ? [] : entries.slice(next);
}

const prefix = "after:";

function cursorFor(name: string): string {
  return Buffer.from(prefix + name).toString("base64url");
}

function nameIn(cursor: string): string | undefined {
  const text = Buffer.from(cursor, "base64url").toString();
  return text.startsWith(prefix) && cursorFor(text.slice(prefix.length)) === cursor
    ? text.slice(prefix.length)
    : undefined;
}
