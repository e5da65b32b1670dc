import type { RequestBody } from "../../gateway/data-plane/upstream/request-head.ts";

/** A body up to this length is read whole, when its length is known: a stream costs more than the whole rest. */
const maxWholeBytes = 64 * 1024;

/** What goes to the server as a request's body: the same bytes, framed alike. Rejects when the client goes away meanwhile. */
export async function bodyOf(request: Request): Promise<RequestBody> {
  const length = request.headers.get("content-length");
  const { body } = request;
  if (!body) return length === null ? null : new Uint8Array(0);
  if (length === null) return { stream: body, bytes: undefined };
  const bytes = Number(length);
  return bytes <= maxWholeBytes ? request.bytes() : { stream: body, bytes };
}
