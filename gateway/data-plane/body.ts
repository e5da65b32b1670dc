export type Body = { state: "read"; text: string } | { state: "too-large" };

/**
 * The whole body, as text, unless it is larger than `maxBytes`: known from Content-Length at once, else found out while
 * reading, so that no more than the limit is ever held.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Body> {
  const length = request.headers.get("content-length");
  if (length !== null) {
    if (Number(length) > maxBytes) return { state: "too-large" };
    return { state: "read", text: await request.text() };
  }
  if (!request.body) return { state: "read", text: "" };
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return { state: "too-large" };
    chunks.push(chunk);
  }
  return { state: "read", text: Buffer.concat(chunks).toString("utf8") };
}
