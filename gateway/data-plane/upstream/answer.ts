import { nominatedBy } from "./hop-by-hop.ts";
import type { ResponseHead } from "./response-head.ts";

/**
 * The answer as it is handed on: every header but those about the connection, the length, since Bun.serve has its own, and those
 * that `drops` names.
 */
export function answerFrom(
  head: ResponseHead,
  body: Uint8Array | ReadableStream | null,
  drops?: (name: string) => boolean,
): Response {
  const response = new Response(body as BodyInit | null, { status: head.status });
  const nominated = nominatedBy(allOf(head, "connection"));
  // Not given to the constructor, which would copy them.
  const { headers } = response;
  for (const { name, role, value } of head.fields) {
    if (role !== "message" || nominated?.has(name) || drops?.(name)) continue;
    headers.append(name, value);
  }
  return response;
}

/** The value of a header, of several all, as one list. `name` in lower case. */
function allOf({ fields }: ResponseHead, name: string): string | undefined {
  let values: string | undefined;
  for (const field of fields) {
    if (field.name === name) values = values === undefined ? field.value : `${values},${field.value}`;
  }
  return values;
}

/** The value of a header, the first if there are several. `name` in lower case. */
export function fieldOf({ fields }: ResponseHead, name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}
