import { framingName, type ResponseHead } from "./response-head.ts";

/**
 * The answer as the gateway hands it on: every header but those about framing, since the body comes without its own.
 * `Connection` stays, because it may name more that must not go on.
 */
export function answerFrom(head: ResponseHead, body: Uint8Array | ReadableStream | null): Response {
  const response = new Response(body as BodyInit | null, { status: head.status });
  // Not given to the constructor, which would copy them.
  const { headers } = response;
  for (const { name, value } of head.fields) {
    const framing = framingName(name);
    if (framing === undefined || framing === "connection") headers.append(name, value);
  }
  return response;
}

/** The value of a header, the first if there are several. `name` in lower case. */
export function fieldOf(head: ResponseHead, name: string): string | undefined {
  return head.fields.find((field) => field.name.length === name.length && field.name.toLowerCase() === name)?.value;
}
