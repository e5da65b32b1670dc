import { maxListed } from "../../openapi/resource-route.ts";
import type { Kind, Resource, Store } from "../store/store.ts";

/** What a caller may read, in order of name. `next`: there may be more, after this cursor. */
export type Listed<K extends Kind> = {
  readonly state: "found";
  readonly resources: readonly Resource<K>[];
  readonly next: string | null;
};

/** How many records are asked of the store at once, and how many a request looks at, however few of them it may show. */
const readAtOnce = 500;
const maxRead = maxListed;

/**
 * A page of what passes `isShown`, after the name at which the one before ended: whatever comes or goes meanwhile, what
 * stays is on one page and on one only. It has fewer than `limit` where most is not for the caller to see.
 */
export async function listed<K extends Kind>({
  store,
  kind,
  isShown,
  after,
  limit,
}: {
  store: Pick<Store, "list">;
  kind: K;
  isShown: (resource: Resource<K>) => boolean;
  after: string | undefined;
  limit: number;
}): Promise<Listed<K>> {
  const shown: Resource<K>[] = [];
  let last = after;
  for (let read = 0; read < maxRead; read += readAtOnce) {
    const records = await store.list(kind, { after: last, limit: readAtOnce });
    last = records.at(-1)?.name;
    shown.push(...records.filter(isShown));
    if (shown.length > limit) return { state: "found", ...pageOf(shown, limit) };
    if (records.length < readAtOnce) return { state: "found", resources: shown, next: null };
  }
  return { state: "found", resources: shown, next: last === undefined ? null : cursorAfter(last) };
}

function pageOf<K extends Kind>(shown: readonly Resource<K>[], limit: number) {
  const resources = shown.slice(0, limit);
  const last = resources.at(-1);
  return { resources, next: last ? cursorAfter(last.name) : null };
}

/** The cursor for a client, who is not to look into it. */
function cursorAfter(name: string): string {
  return Buffer.from(name).toString("base64url");
}

/** The name at which the page before ended; undefined for what no page can have given. */
export function nameBefore(cursor: string): string | undefined {
  const name = Buffer.from(cursor, "base64url").toString();
  const isName = name !== "" && !name.includes("\u0000") && cursorAfter(name) === cursor;
  return isName ? name : undefined;
}
