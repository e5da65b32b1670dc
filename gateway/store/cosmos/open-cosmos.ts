import { setTimeout as sleep } from "node:timers/promises";
import { CosmosClient } from "@azure/cosmos";
import type { TokenCredential } from "@azure/identity";
import { type Kind, type RestorableStore, StoreUnavailable } from "../store.ts";
import { type CosmosAddress, cosmosAddress } from "./address.ts";
import type { AdoptionEvents } from "./adoption.ts";
import { type ChangeFeedLimits, changeFeed, changeFeedLimits, type GoneDocument } from "./change-feed.ts";
import { containerIds, openDatabase } from "./containers.ts";
import type { RecordDocument } from "./documents.ts";
import { nameOf } from "./failures.ts";
import { asked, items } from "./items.ts";
import { type NameDocument, names } from "./names.ts";
import { records } from "./records.ts";
import { restoring } from "./restoring.ts";
import { trail } from "./trail.ts";

export type CosmosEvents = AdoptionEvents & {
  changeFeedFailed(error: unknown): void;
  sweepFailed(error: unknown): void;
};

export type CosmosOptions = {
  /** `cosmos+https://account.documents.azure.com[/Database][?key=…]` */
  readonly url: string;
  /** Without a key in the URL: an identity of Entra ID, by default what `DefaultAzureCredential` finds; or a key. */
  readonly credential?: TokenCredential | { readonly key: string };
  /** Audit entries expire by themselves after so many days. */
  readonly auditRetentionDays?: number;
  readonly events: CosmosEvents;
  /** In milliseconds since 1970. */
  readonly now: () => number;
  readonly limits?: ChangeFeedLimits;
};

/** Cosmos DB says when to come again (429, `x-ms-retry-after-ms`); so often and so long that is obeyed. */
const retryOptions = { maxRetryAttemptCount: 9, maxWaitTimeInSeconds: 10 };
const requestMs = 10_000;
const greetingMs = 10_000;

/**
 * Opens the store in a database of Cosmos DB, which several gateways and the Microsoft gateway may share. It asks for
 * session consistency, the account's default: a gateway reads its own writes, and never an older state of a record than
 * it has seen; writes of others it may see later, at the latest with the change that tells of them. Who wins is decided
 * by conditional writes, which no lag concerns. Accounts that write in several regions are not supported: there a
 * conditional write may be undone by another region's.
 */
export async function openCosmos(options: CosmosOptions): Promise<RestorableStore> {
  const { events, now, auditRetentionDays, limits = changeFeedLimits } = options;
  const address = cosmosAddress(options.url);
  const credential = await credentialOf(address, options.credential);
  await greet(address.endpoint);

  await using opening = new AsyncDisposableStack();
  const client = opening.adopt(clientOf(address.endpoint, credential), (client) => client.dispose());
  await checkAccount(client);
  const database = await openDatabase(client, address.database);
  const at = (of: keyof typeof containerIds) => database.container(containerIds[of]);

  const recordItems = {
    adapter: items<RecordDocument>(at("adapter")),
    tool: items<RecordDocument>(at("tool")),
    server: items<RecordDocument>(at("server")),
  };
  const isThere = (kind: Kind, name: string) => recordItems[kind].isThere(name);
  const audit = trail(at("audit"), now, auditRetentionDays);
  const nameKeeper = names({ items: items<NameDocument>(at("name")), isThere, now });
  const kept = records({
    items: recordItems,
    names: nameKeeper,
    trail: audit,
    newUid: () => crypto.randomUUID(),
    events,
  });
  const feed = opening.use(
    changeFeed({
      items: recordItems,
      goneItems: items<GoneDocument>(at("gone")),
      adopt: kept.get,
      limits,
      now,
      onFailure: events.changeFeedFailed,
    }),
  );
  await kept.sweep();
  opening.use(sweeping(kept.sweep, limits.compareMs, events.sweepFailed));

  const opened = opening.move();
  return {
    get: kept.get,
    list: kept.list,
    create: kept.create,
    update: (kind, name, revision, body, author) => kept.change("update", kind, name, revision, { body }, author),
    markDeleting: (kind, name, revision, author) =>
      kept.change("delete", kind, name, revision, { deleting: true }, author),
    async purge(kind, name, uid) {
      if (await kept.purge(kind, name, uid)) await feed.gone(kind, name, uid);
    },
    recordCalls: audit.recordCalls,
    audit: audit.read,
    purgeAudit: audit.purge,
    restore: restoring({ items: recordItems, names: nameKeeper }),
    restoreAudit: audit.restore,
    subscribe: feed.subscribe,
    changesAgeMs: feed.ageMs,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function credentialOf(address: CosmosAddress, given: CosmosOptions["credential"]) {
  if (address.key !== undefined) return { key: address.key };
  if (given && "key" in given) return given;
  if (!address.endpoint.startsWith("https:")) {
    throw new Error("STORE_URL names Cosmos DB over plain http, which is for emulators only: it needs ?key=….");
  }
  if (given) return given;
  // It takes a while to load, and who has a key does not need it.
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new DefaultAzureCredential();
}

function clientOf(endpoint: string, credential: TokenCredential | { readonly key: string }): CosmosClient {
  // An emulator names endpoints that are not those by which it is reached.
  const enableEndpointDiscovery = endpoint.startsWith("https:");
  return new CosmosClient({
    endpoint,
    ...("key" in credential ? { key: credential.key } : { aadCredentials: credential }),
    consistencyLevel: "Session",
    connectionPolicy: { requestTimeout: requestMs, retryOptions, enableEndpointDiscovery },
  });
}

/** Asks without a credential, to tell a wrong name at once: the SDK would try it again for minutes. */
async function greet(endpoint: string): Promise<void> {
  const { host } = new URL(endpoint);
  try {
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(greetingMs), redirect: "manual" });
    await answer.body?.cancel();
  } catch (error) {
    const code = nameOf(error);
    if (code === "ENOTFOUND") throw new Error(`There is no host ${host}, which STORE_URL names.`);
    throw new StoreUnavailable(`Cosmos DB at ${host} cannot be reached (${code}).`);
  }
}

async function checkAccount(client: CosmosClient): Promise<void> {
  const answer = await asked("reading of the account", client.getDatabaseAccount(), []);
  const account = typeof answer === "number" ? undefined : answer.resource;
  // The SDK's type says that it is a name; it is what the account sent.
  const consistency: unknown = account?.consistencyPolicy;
  if (consistency === "Eventual" || consistency === "ConsistentPrefix") {
    throw new Error(`The Cosmos DB account has the consistency ${consistency}; the gateway needs Session or stronger.`);
  }
  if (account?.enableMultipleWritableLocations) {
    throw new Error(
      "The Cosmos DB account writes in several regions, where one region may undo what another acknowledged.",
    );
  }
}

function sweeping(sweep: () => Promise<void>, everyMs: number, onFailure: (error: unknown) => void): AsyncDisposable {
  const closing = new AbortController();
  const working = work();
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      await working;
    },
  };

  async function work(): Promise<void> {
    while (!closing.signal.aborted) {
      // It rejects when aborted; then the loop ends.
      await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (!closing.signal.aborted) await sweep().catch(onFailure);
    }
  }
}
