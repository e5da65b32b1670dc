import { type Container, CosmosClient } from "@azure/cosmos";
import { openCosmos } from "../../../gateway/store/cosmos/open-cosmos.ts";
import type { RestorableStore } from "../../../gateway/store/store.ts";
import { type CosmosEmulator, emulatorKey } from "../../support/cosmos.ts";

export type Told = { readonly failed: unknown[]; readonly hidden: { kind: string; name: string; reason: string }[] };

/** A gateway's store, and what it told of. */
export async function openStore(
  url: string,
  options: { aheadMs?: number; compareMs?: number; pollMs?: number; auditRetentionDays?: number } = {},
): Promise<{ store: RestorableStore; told: Told }> {
  const told: Told = { failed: [], hidden: [] };
  const { auditRetentionDays } = options;
  const store = await openCosmos({
    url,
    now: () => Date.now() + (options.aheadMs ?? 0),
    events: {
      changeFeedFailed: (error) => told.failed.push(error),
      sweepFailed: (error) => told.failed.push(error),
      recordHidden: (what) => told.hidden.push(what),
    },
    limits: { pollMs: options.pollMs ?? 10, compareMs: options.compareMs ?? 3_600_000 },
    ...(auditRetentionDays === undefined ? {} : { auditRetentionDays }),
  });
  return { store, told };
}

/** The documents themselves, as somebody else sees and changes them. */
export type Documents = Disposable & {
  container(id: string): Container;
  all(id: string): Promise<Record<string, unknown>[]>;
  /** As a gateway does that knows nothing of ETags. */
  upsert(id: string, document: object): Promise<void>;
  remove(id: string, name: string): Promise<void>;
};

export function documentsOf(emulator: CosmosEmulator): Documents {
  const client = new CosmosClient({
    endpoint: `http://127.0.0.1:${emulator.port}/`,
    key: emulatorKey,
    connectionPolicy: { enableEndpointDiscovery: false },
  });
  const container = (id: string) => client.database("McpGatewayDb").container(id);
  return {
    container,
    all: async (id) => (await container(id).items.query("SELECT * FROM c").fetchAll()).resources,
    upsert: async (id, document) => void (await container(id).items.upsert(document)),
    remove: async (id, name) => void (await container(id).item(name, name).delete()),
    [Symbol.dispose]: () => client.dispose(),
  };
}

export async function actionsOf(store: RestorableStore, name: string): Promise<string[]> {
  const read = await store.audit({ name, limit: 500 });
  if (read.state !== "read") throw new Error(read.state);
  return read.entries.map(({ action, revision }) => `${action} ${revision}`).reverse();
}
