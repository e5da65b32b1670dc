import { readFile, stat } from "node:fs/promises";

/** Far more than a few keys have. */
const maxBytes = 64 * 1024;

/** The text of a small file. Rejects in words that say which file it is. */
export async function readKeyFile(path: string): Promise<string> {
  const found = await inWords(path, stat(path));
  if (!found.isFile()) throw new Error(`${path} is no file`);
  if (found.size > maxBytes) throw new Error(`${path} has more than ${maxBytes} bytes`);
  return inWords(path, readFile(path, "utf8"));
}

async function inWords<Value>(path: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    throw new Error(`${path} cannot be read${code}`, { cause });
  }
}
