import { isHopByHop, nominatedBy } from "./hop-by-hop.ts";
import { framingName, type ResponseHead } from "./response-head.ts";

/** The answer as the gateway hands it on: every header but those about the connection, and the length, since Bun.serve has its own. */
export function answerFrom(head: ResponseHead, body: Uint8Array | ReadableStream | null): Response {
  const response = new Response(body as BodyInit | null, { status: head.status });
  const nominated = nominatedBy(allOf(head, "connection"));
  // Not given to the constructor, which would copy them.
  const { headers } = response;
  for (const { name, value } of head.fields) {
    if (isHopByHop(name) || nominated?.has(name.toLowerCase()) || framingName(name) === "content-length") continue;
    headers.append(name, value);
  }
  return response;
}

/** The value of a header, of several all, as one list. */
function allOf({ fields }: ResponseHead, name: string): string | undefined {
  let values: string | undefined;
  for (const field of fields) {
    if (field.name.length !== name.length || field.name.toLowerCase() !== name) continue;
    values = values === undefined ? field.value : `${values},${field.value}`;
  }
  return values;
}

/** The value of a header, the first if there are several. `name` in lower case. */
export function fieldOf(head: ResponseHead, name: string): string | undefined {
  for (const field of head.fields) {
    if (field.name.length === name.length && field.name.toLowerCase() === name) return field.value;
  }
  return undefined;
}
