/** `cut`: there was more than wanted. `broken`: it ended before it should have. */
export type BytesRead =
  { state: "whole"; bytes: Uint8Array } | { state: "cut"; bytes: Uint8Array } | { state: "broken" };

/** Reads at most so many bytes; when there are more, the rest is cancelled, which ends the connection it comes on. */
export async function readBytes(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<BytesRead> {
  if (!body) return { state: "whole", bytes: new Uint8Array() };
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      pieces.push(read.value);
      length += read.value.length;
      if (length > maxBytes) {
        await reader.cancel();
        return { state: "cut", bytes: Buffer.concat(pieces).subarray(0, maxBytes) };
      }
    }
  } catch {
    return { state: "broken" };
  }
  return { state: "whole", bytes: Buffer.concat(pieces) };
}
