import { openPglite } from "../../../gateway/store/pglite.ts";
import type { Kind, Resource, Store } from "../../../gateway/store/store.ts";
import { adapterBody, author, call, serverBody, toolBody, written } from "../records.ts";

const uid = (count: number) => `0b8f6c9e-3a51-4c0e-9d6a-${String(count).padStart(12, "0")}`;

/** Every kind, unicode, odd keys, secrets, records that were changed and some that are being deleted. */
export async function fill(directory: string, many = 0): Promise<void> {
  await using store = await openPglite({ directory });
  const odd = adapterBody("odd", {
    description: 'Wetter für "São Paulo" 天気 🦊 \\ \n \u2028 {"not": "parsed"}',
    environmentVariables: {
      EMPTY: "",
      constructor: "kept",
      KEY: { secret: true, value: "hunter2 \u0001 ü" },
      TOKEN: { secretRef: { name: "github", key: "token" } },
    },
    allowedTools: { "*": ["a"], "mcp.ö": [] },
    exposeTools: [{ tool: "forecast", as: "weather_forecast" }],
    pod: { template: { spec: { nothing: null, deep: [[{ z: 1, a: 1.5e-7 }]] } } },
    owner: "https://issuer#ada",
    managedBy: "kubernetes",
  });
  await store.create("adapter", "odd", odd, author);
  await store.update("adapter", "odd", 1, odd, author);
  await store.create("tool", "weather-tool", toolBody("weather-tool"), author);
  await store.create("server", "odd", serverBody("odd"), author);
  const leaving = written(await store.create("adapter", "leaving", adapterBody("leaving"), author));
  await store.markDeleting("adapter", "leaving", leaving.revision, author);
  for (let from = 0; from < many; from += 100) {
    const records = Array.from({ length: Math.min(100, many - from) }, (_, index) => numbered(from + index));
    await store.restore(records);
  }
  // Of one millisecond, and twice the same.
  await store.recordCalls([call(), call({ requestId: "b" }), call({ requestId: "a" }), call()]);
}

export function numbered(count: number): Resource {
  const kind = (["adapter", "tool", "server"] as const)[count % 3] ?? "adapter";
  const name = `many-${count}`;
  const body = { adapter: adapterBody, tool: toolBody, server: serverBody }[kind](name, {
    description: `no. ${count}`,
  });
  return { kind, name, uid: uid(count), revision: 1 + count, deleting: count % 50 === 0, body };
}

/** All that can be seen of a store, ids of entries aside. */
export async function contentsOf(directory: string) {
  await using store = await openPglite({ directory });
  return { resources: await resourcesOf(store), entries: await entriesOf(store) };
}

async function resourcesOf(store: Store): Promise<Resource[]> {
  const lists = (["adapter", "server", "tool"] as const satisfies Kind[]).map((kind) => store.list(kind));
  return (await Promise.all(lists)).flat();
}

async function entriesOf(store: Store): Promise<string[]> {
  const read = await store.audit({ limit: 500 });
  if (read.state !== "read") throw new Error(read.state);
  return read.entries.map(({ id: _, ...entry }) => JSON.stringify(entry)).sort();
}
