import { drizzleOn, openConnection } from "./postgres/connection.ts";
import { changeFeed } from "./postgres/feed.ts";
import { type Credential, passwordFrom } from "./postgres/password.ts";
import { openPool } from "./postgres/pool.ts";
import { parsePostgresUrl, type Settings } from "./postgres/settings.ts";
import { startFailure } from "./postgres-failure.ts";
import { preparePostgres } from "./postgres-schema.ts";
import { type SqlStore, sqlStore } from "./sql-store.ts";

/** Statements and transactions that may wait for a connection of the pool, and for how long. */
const maxWaiting = 1_000;
const waitMs = 5_000;
/** What a transaction gets beyond the time that the server gives each of its statements. */
const graceMs = 5_000;
const lifetimeMs = 30 * 60_000;
/** Together, and with a pause and a new connection, a view is never later than 15 s once the database can be reached. */
const feedLimits = { heartbeatMs: 5_000, answerMs: 5_000, maxPauseMs: 2_000 };

export type PostgresOptions = {
  /** As STORE_URL; see `parsePostgresUrl`. */
  readonly url: string;
  readonly events: { changeFeedFailed(error: unknown): void };
  /** For `auth=entra`; by default what `@azure/identity` finds. */
  readonly credential?: () => Promise<Credential>;
  /** Instead of what the URL says. */
  readonly settings?: Partial<Settings>;
  readonly limits?: Partial<typeof feedLimits & { waitMs: number; maxWaiting: number; graceMs: number }>;
};

/**
 * Opens the store in a PostgreSQL database, whose tables it makes or brings up to date. Throws one sentence for whoever
 * started the gateway when that cannot be, and has changed nothing then. Later on, whatever a database that is away makes
 * impossible fails with `StoreUnavailable`.
 */
export async function openPostgres({ url, events, credential, ...given }: PostgresOptions): Promise<SqlStore> {
  const parsed = parsePostgresUrl(url);
  if (parsed.state === "invalid") throw new Error(`STORE_URL ${parsed.what}.`);
  const settings = { ...parsed.settings, ...given.settings };
  const limits = { ...feedLimits, waitMs, maxWaiting, graceMs, ...given.limits };
  const password = passwordFrom(settings.password, credential);
  const open = (onNotify?: (payload: string) => void) => openConnection(settings, password, onNotify);

  await prepare(settings, open);
  const answerMs = settings.statementTimeoutMs + limits.graceMs;
  const pool = openPool(open, { ...limits, size: settings.poolSize, answerMs, lifetimeMs });
  const feed = changeFeed(open, limits, events);
  return sqlStore({
    db: drizzleOn(pool.client),
    listen: feed.listen,
    changesAgeMs: feed.ageMs,
    newUid: () => crypto.randomUUID(),
    async close() {
      await feed[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
    },
  });
}

async function prepare(settings: Settings, open: () => ReturnType<typeof openConnection>): Promise<void> {
  try {
    const connection = await open();
    await preparePostgres(drizzleOn(connection.client)).finally(connection.close);
  } catch (error) {
    throw startFailure(error, settings);
  }
}
