import { open } from "node:fs/promises";
import { TransferFailure } from "./failure.ts";

/** A record with all that the contract allows has less than half of it. */
const maxLineBytes = 64 * 1024 * 1024;
const newline = 10;

/** A file's lines, each as it ends with a newline; what comes after the last newline is not one. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  await using file = await opened(path);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parts: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of file.readableWebStream() as ReadableStream<ArrayBuffer>) {
    let rest = new Uint8Array(chunk);
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      parts.push(rest.subarray(0, end));
      yield text(decoder, Buffer.concat(parts.splice(0)), path);
      rest = rest.subarray(end + 1);
      heldBytes = 0;
    }
    heldBytes += rest.length;
    if (heldBytes > maxLineBytes) throw new TransferFailure(`${path} has a line of more than ${maxLineBytes} bytes.`);
    if (rest.length > 0) parts.push(rest.slice());
  }
  if (heldBytes > 0) throw new TransferFailure(`${path} is not whole: its last line has no end. Export it again.`);
}

async function opened(path: string) {
  try {
    return await open(path, "r");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new TransferFailure(code === "ENOENT" ? `There is no file ${path}.` : `${path} cannot be read (${code}).`);
  }
}

function text(decoder: TextDecoder, bytes: Uint8Array, path: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new TransferFailure(`${path} is no file that "export" wrote.`);
  }
}
