import { defaultMaxHeldBytes, type FilterOptions, filterToolLists } from "../../../gateway/data-plane/tool-filter.ts";

/** What the tests filter by: the tool `read` is allowed, and 1 and "a" are the requests for lists. */
export const allowed = new Set(["read"]);
export const listIds = new Set<string | number>([1, "a"]);

export const tool = (name: string) => ({ name, inputSchema: { type: "object" } });
export const listOf = (id: unknown, ...names: string[]) =>
  JSON.stringify({ jsonrpc: "2.0", id, result: { tools: names.map(tool) } });

/** An answer whose body comes in these pieces. */
export function answer(type: string, pieces: readonly Uint8Array[], headers: Record<string, string> = {}): Response {
  const waiting = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = waiting.shift();
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": type, ...headers } });
}

/** The bytes that come out, as latin1 text so that none is lost. Throws what is told when they break off. */
export async function filtered(
  type: "text/event-stream" | "application/json",
  pieces: readonly Uint8Array[],
  { others = "untouched", maxHeldBytes = defaultMaxHeldBytes }: FilterOptions = {},
): Promise<string> {
  let told: string | undefined;
  const refused = (reason: string) => {
    told = reason;
  };
  const response = filterToolLists(answer(type, pieces), allowed, listIds, { others, maxHeldBytes, refused });
  const bytes = await response.arrayBuffer().catch(() => Promise.reject(new Error(told)));
  return Buffer.from(bytes).toString("latin1");
}

/** Every way to cut bytes in two, and one byte at a time. */
export function* splits(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
}
