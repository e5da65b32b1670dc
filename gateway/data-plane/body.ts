import type { HeaderFields } from "../auth/header-fields.ts";
import { classify, eraOf, type Message } from "./message.ts";
import type { Seen } from "./seen.ts";

/** What came with a request: its text goes on as it is; it is parsed once, for whatever the gateway has to know. */
export type Body =
  | { state: "read"; text: string | null; json: unknown; message: Message }
  | { state: "too-large" }
  | { state: "malformed" };

/**
 * The whole body and its message. A body larger than `maxBytes` is known from Content-Length at once, else found out
 * while reading, so that no more than the limit is ever held. GET and DELETE have none.
 */
export async function readBody(
  request: Request,
  headers: HeaderFields,
  maxBytes: number,
  seen: Pick<Seen, "received">,
): Promise<Body> {
  const revision = headers["mcp-protocol-version"] ?? null;
  if (request.method !== "POST") {
    return { state: "read", text: null, json: null, message: { method: request.method, era: eraOf(revision) } };
  }
  const length = headers["content-length"];
  if (length !== undefined && Number(length) > maxBytes) return { state: "too-large" };
  const text = length === undefined ? await readChunks(request, maxBytes) : await request.text();
  if (text === undefined) return { state: "too-large" };
  seen.received();
  try {
    const json: unknown = JSON.parse(text);
    return { state: "read", text, json, message: classify(json, revision) };
  } catch {
    return { state: "malformed" };
  }
}

async function readChunks({ body }: Request, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
