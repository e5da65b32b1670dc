import { type Failure, failed, failureOfStatus, isStatus } from "./answer.ts";
import { isObject } from "./list.ts";
import type { KubeObject } from "./object-meta.ts";

export type WatchEvent<O> =
  | { readonly type: "put" | "removed"; readonly object: O }
  /** Nothing happened, up to here. */
  | { readonly type: "bookmark"; readonly resourceVersion: string }
  | { readonly type: "error"; readonly failure: Failure };

/** One line of a watch; what cannot be understood is an error as well. */
export function watchEventOf<O extends KubeObject>(line: string): WatchEvent<O> {
  const { type, object } = parse(line);
  if (type === "ERROR" && isStatus(object)) return { type: "error", failure: failureOfStatus(object, 500) };
  if (type === "BOOKMARK") {
    const resourceVersion = versionOf(object);
    if (resourceVersion !== undefined) return { type: "bookmark", resourceVersion };
  } else if (isObject(object)) {
    if (type === "ADDED" || type === "MODIFIED") return { type: "put", object: object as O };
    if (type === "DELETED") return { type: "removed", object: object as O };
  }
  return { type: "error", failure: failed(200, "Unreadable", "a line of the watch is no event") };
}

function parse(line: string): { type?: unknown; object?: unknown } {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** A bookmark is an object with nothing but this. */
function versionOf(object: unknown): string | undefined {
  const { metadata } = (object ?? {}) as { metadata?: { resourceVersion?: unknown } };
  return typeof metadata?.resourceVersion === "string" ? metadata.resourceVersion : undefined;
}
