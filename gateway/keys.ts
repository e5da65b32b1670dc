import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { GatewayKeys } from "./config/gateway-keys.ts";
import { type Every, watchSecretFile } from "./config/watched-file.ts";
import type { Events } from "./observe/events.ts";

export type Keys = Disposable & {
  /** Sealing keys, current first: the same list until they change. */
  secrets(): readonly string[];
};

/**
 * The keys as the settings say. Where they are in a file, a change of it takes effect within seconds; a content that holds no
 * keys is told in the log, and those known stay in use. The data directory's lock must be held.
 */
export async function openKeys(
  { gatewayKeys, dataDirectory }: Pick<Config, "gatewayKeys" | "dataDirectory">,
  events: Pick<Events, "gatewayKeysChanged" | "gatewayKeysUnusable">,
  every?: Every,
): Promise<Keys> {
  if (gatewayKeys.kind !== "watched") {
    const keys = gatewayKeys.kind === "given" ? gatewayKeys.keys : await keptKeys(dataDirectory);
    return { secrets: () => keys, [Symbol.dispose]() {} };
  }
  const { file } = gatewayKeys;
  let { keys } = gatewayKeys;
  const watch = watchSecretFile({ path: file, every, onText: take, onUnreadable: keep });
  return { secrets: () => keys, [Symbol.dispose]: () => watch[Symbol.dispose]() };

  function take(text: string): void {
    const read = GatewayKeys.safeParse(text);
    if (!read.success) {
      keep(read.error.issues[0]?.message ?? "it holds no keys");
      return;
    }
    if (read.data.join() === keys.join()) return;
    const before = new Set(keys);
    const after = new Set(read.data);
    keys = read.data;
    events.gatewayKeysChanged({
      file,
      keys: after.size,
      added: after.difference(before).size,
      removed: before.difference(after).size,
    });
  }

  function keep(reason: string): void {
    events.gatewayKeysUnusable({ file, reason, kept: keys.length });
  }
}

/**
 * The keys kept in the data directory: made at the first start, readable by the owner only. Without them every restart
 * would end every MCP session.
 */
async function keptKeys(directory: string): Promise<string[]> {
  const file = join(directory, "gateway.keys");
  const kept = await readFile(file, "utf8").catch(() => "");
  const keys = kept.split("\n").filter(Boolean);
  if (keys.length > 0) return keys;
  const made = randomBytes(32).toString("base64url");
  await mkdir(directory, { recursive: true });
  await writeFile(file, `${made}\n`, { mode: 0o600 });
  return [made];
}
