import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The keys kept in the data directory: made at the first start, readable by the owner only. Without them every restart
 * would end every MCP session. The directory's lock must be held.
 */
export async function keptKeys(directory: string): Promise<string[]> {
  const file = join(directory, "gateway.keys");
  const kept = await readFile(file, "utf8").catch(() => "");
  const keys = kept.split("\n").filter(Boolean);
  if (keys.length > 0) return keys;
  const made = randomBytes(32).toString("base64url");
  await mkdir(directory, { recursive: true });
  await writeFile(file, `${made}\n`, { mode: 0o600 });
  return [made];
}
