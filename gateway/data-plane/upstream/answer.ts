import { hopByHop, nominatedBy } from "./hop-by-hop.ts";
import type { ResponseHead } from "./response-head.ts";

/** The answer as the gateway hands it on: every header but those about the connection, and the length, since Bun.serve has its own. */
export function answerFrom(head: ResponseHead, body: Uint8Array | ReadableStream | null): Response {
  const response = new Response(body as BodyInit | null, { status: head.status });
  const nominated = nominatedBy(fieldOf(head, "connection"));
  // Not given to the constructor, which would copy them.
  const { headers } = response;
  for (const { name, value } of head.fields) {
    const lower = name.toLowerCase();
    if (lower === "content-length" || hopByHop.has(lower) || nominated?.has(lower)) continue;
    headers.append(name, value);
  }
  return response;
}

/** The value of a header, the first if there are several. `name` in lower case. */
export function fieldOf(head: ResponseHead, name: string): string | undefined {
  return head.fields.find((field) => field.name.length === name.length && field.name.toLowerCase() === name)?.value;
}
