import { expect, test } from "bun:test";
import { linesOf } from "../../../../gateway/runtime/kubernetes/api/json-lines.ts";

function inChunks(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let from = 0; from < bytes.length; from += size) controller.enqueue(bytes.slice(from, from + size));
      controller.close();
    },
  });
}

async function read(text: string, size: number, maxLineBytes = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(inChunks(Buffer.from(text), size), maxLineBytes, () => undefined)) lines.push(line);
  return lines;
}

test("lines are the same wherever chunks end, within a character too; an unfinished one is none", async () => {
  const text = '{"note":"größe 東京 🚀"}\n\n{"b":2}\n{"unfinished';
  for (let size = 1; size <= Buffer.byteLength(text); size++)
    expect(await read(text, size)).toEqual(['{"note":"größe 東京 🚀"}', '{"b":2}']);
});

test("a line may be as long as the limit and no longer, whether it ends or not", async () => {
  for (const size of [1, 7, 100]) {
    expect(await read("0123456789\n0123456789\n", size, 10)).toEqual(["0123456789", "0123456789"]);
    await expect(read("01234567890\n", size, 10)).rejects.toThrow("a line is longer than 10 bytes");
    await expect(read("01234567890", size, 10)).rejects.toThrow("a line is longer than 10 bytes");
  }
});
