import { type Answer, failed } from "./answer.ts";
import type { ApiLimits } from "./limits.ts";
import type { KubeObject, ObjectMeta } from "./object-meta.ts";
import type { Resource } from "./resources.ts";
import type { Call } from "./send.ts";

export type Selection = { readonly labelSelector?: string | undefined; readonly fieldSelector?: string | undefined };

/** `resourceVersion`: where a watch goes on from. */
export type Listed<O> = { readonly items: readonly O[]; readonly resourceVersion: string };

type Page<O> = {
  readonly items?: readonly Omit<O, "apiVersion" | "kind">[] | null;
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
};

type Request = <Value>(call: Call) => Promise<Answer<Value>>;

/** Reads all pages of a collection: one snapshot. When that is compacted away in between (410), it begins anew. */
export function lister(request: Request, limits: ApiLimits) {
  return async function list<O extends KubeObject>(
    resource: Resource<O>,
    path: string,
    selection: Selection & { signal?: AbortSignal | undefined },
  ): Promise<Answer<Listed<O>>> {
    for (let restarts = 0; ; restarts++) {
      const answer = await allPages(resource, path, selection);
      const gone = answer.state === "failed" && answer.status === 410;
      if (!gone || restarts === limits.maxListRestarts) return answer;
    }
  };

  async function allPages<O extends KubeObject>(
    resource: Resource<O>,
    path: string,
    { labelSelector, fieldSelector, signal }: Selection & { signal?: AbortSignal | undefined },
  ): Promise<Answer<Listed<O>>> {
    const items: O[] = [];
    let next: string | undefined;
    for (let page = 1; page <= limits.maxPages; page++) {
      const query = { labelSelector, fieldSelector, limit: limits.itemsPerPage, continue: next };
      const answer = await request<Page<O>>({ method: "GET", path, query, signal });
      if (answer.state !== "ok") return answer;
      const { items: some, metadata } = answer.object;
      if (!areItems(some ?? []) || typeof metadata?.resourceVersion !== "string")
        return failed(200, "Unreadable", "the answer is no list of objects");
      // Items of a list come without them.
      const { apiVersion, kind } = resource;
      for (const item of some ?? []) items.push({ ...item, apiVersion, kind } as O);
      next = metadata.continue;
      if (!next) return { state: "ok", object: { items, resourceVersion: metadata.resourceVersion } };
    }
    return failed(200, "TooLarge", `the list has more than ${limits.maxPages} pages`);
  }
}

/** Something with a name, a uid and a version: all that is taken for granted about an object. */
export function isObject(value: unknown): value is KubeObject {
  if (typeof value !== "object" || value === null || !("metadata" in value)) return false;
  const metadata = value.metadata as Partial<ObjectMeta> | null;
  return (
    typeof metadata?.name === "string" &&
    typeof metadata.uid === "string" &&
    typeof metadata.resourceVersion === "string"
  );
}

function areItems(items: unknown): items is KubeObject[] {
  return Array.isArray(items) && items.every(isObject);
}
